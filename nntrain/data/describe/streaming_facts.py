"""Facts of columns whose rows are read block by block: in one pass, in memory that does not grow with the rows.

Knows nothing of where the rows are stored.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from nntrain.core.types import Array
from nntrain.data.describe.column_facts import ColumnFacts, different_numbers

MOST = 1000  # different values of a column that are counted; beyond that it is only known that there are more


class Tally:
    """Facts of the columns of finite numbers (n, d), given block by block in row order."""

    def __init__(self, width: int) -> None:
        self.rows = 0
        self.mean, self.squares = np.zeros(width), np.zeros(width)  # squares: Σ (x - mean)²
        self.low, self.high = np.full(width, np.inf), np.full(width, -np.inf)
        self.whole, self.rising = np.ones(width, bool), np.ones(width, bool)
        self.last = np.zeros(width)
        self.seen: dict[int, Array] = dict.fromkeys(
            range(width), np.empty(0)
        )  # the different values, of columns that have few

    @classmethod
    def of(cls, blocks: Iterable[Array], width: int) -> "Tally":
        """Count all blocks, (m, width) each."""
        tally = cls(width)
        for block in blocks:
            if len(block):
                tally.add(block)
        return tally

    def add(self, block: Array) -> None:
        """Count more rows (m, d), at least one."""
        self._add_moments(block)
        np.minimum(self.low, block.min(axis=0), out=self.low)
        np.maximum(self.high, block.max(axis=0), out=self.high)
        self._add_order(block)
        for k in list(self.seen):
            seen = self.seen[k] = np.union1d(self.seen[k], different_numbers(block[:, k]))
            if len(seen) > MOST:
                del self.seen[k]
        self.last[:] = block[-1]
        self.rows += len(block)

    def _add_moments(self, block: Array) -> None:
        """Combine mean and squares with those of the block (Chan, Golub & LeVeque 1979)."""
        mean = block.mean(axis=0, dtype=np.float64)
        centred = block - mean
        before, more = self.rows, len(block)
        shift = mean - self.mean
        self.mean += shift * (more / (before + more))
        self.squares += np.einsum("nd,nd->d", centred, centred) + shift * shift * (before * more / (before + more))

    def _add_order(self, block: Array) -> None:
        """Update which columns hold only whole numbers, and in which of these each number is the previous plus 1."""
        if block.dtype.kind == "f":
            columns = np.flatnonzero(self.whole)
            part = block[:, columns]
            self.whole[columns] = (part == np.rint(part)).all(axis=0)
        self.rising &= self.whole
        columns = np.flatnonzero(self.rising)
        part = block[:, columns].astype(np.float64)
        follows = part[0] - self.last[columns] == 1 if self.rows else True
        self.rising[columns] = follows & (np.diff(part, axis=0) == 1).all(axis=0)

    def facts(self, names: Sequence[str], positions: Sequence[int]) -> list[ColumnFacts]:
        """Return the facts of each column, with the given names and positions."""
        return [self._facts(k, names[k] if names else "", position) for k, position in enumerate(positions)]

    def _facts(self, k: int, name: str, position: int) -> ColumnFacts:
        return ColumnFacts(
            name,
            position,
            is_text=False,
            rows=self.rows,
            missing=0,
            distinct=len(self.seen.get(k, range(MOST))),
            more=k not in self.seen,
            whole=bool(self.whole[k]),
            rising=bool(self.rising[k]) and self.rows > 1,
            low=float(self.low[k]),
            high=float(self.high[k]),
            mean=float(self.mean[k]),
            deviation=float(np.sqrt(self.squares[k] / self.rows)),
        )

    def alike(self) -> list[int]:
        """Return the columns that share range and mean with another: only these can be equal to another column."""
        keys = list(zip(self.low.tolist(), self.high.tolist(), self.mean.tolist(), strict=True))
        counts: dict[tuple[float, ...], int] = {}
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
        return [k for k, key in enumerate(keys) if counts[key] > 1]
