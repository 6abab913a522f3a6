"""Parts of the data that are told by place: the first rows, the last rows, or rows whose numbers a file lists.

Knows nothing of what the rows hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nntrain.core.fields import RARE, Count
from nntrain.core.types import Array
from nntrain.errors import DataError


@dataclass(frozen=True, slots=True)
class PlacedRows:
    """``first`` or ``last``: so many rows from that end; or ``rows``, a file of row numbers, the first row is 0.

    The file is text with numbers between blanks, commas or line ends, or a .npy array of whole numbers.
    """

    __pydantic_config__ = {"extra": "forbid"}

    first: Count | None = field(default=None, metadata=RARE)
    last: Count | None = field(default=None, metadata=RARE)
    rows: Path | None = field(default=None, metadata=RARE)

    def problems(self) -> Sequence[tuple[tuple[str, ...], str]]:
        """Return what is wrong where not exactly one of the three is given."""
        given = [name for name in ("first", "last", "rows") if getattr(self, name) is not None]
        if len(given) == 1:
            return ()
        return [((), f"must have one of first, last and rows, got {' and '.join(given) or 'none of them'}")]

    def read(self, name: str, n: int) -> Array | None:
        """Return the row numbers that the file lists for the part ``name`` of n rows, ascending; None without a file.

        DataError when it cannot be read, or names no row, a row twice, or one that is not there.
        """
        if self.rows is None:
            return None
        where = f"data.{name}.rows: {self.rows}"
        try:
            rows = _numbers(self.rows)
        except OSError as error:
            raise DataError(f"{where}: {error.strerror or error}") from None
        except ValueError as error:
            raise DataError(f"{where}: must hold whole numbers, the rows from 0 on; {error}") from None
        if not len(rows):
            raise DataError(f"{where}: names no row")
        for row in (rows.min(), rows.max()):
            if not 0 <= row < n:
                raise DataError(f"{where}: there are rows 0 to {n - 1}, got {row}")
        found, counts = np.unique(rows, return_counts=True)
        if counts.max() > 1:
            raise DataError(f"{where}: names row {found[counts.argmax()]} {counts.max()} times")
        return found

    def choose(self, name: str, rows: Array, listed: Array | None) -> Array:
        """Return a mask over the ``rows`` that are left, (n,) bool, with those of this part."""
        if listed is not None:
            taken = np.setdiff1d(listed, rows)
            if len(taken):
                raise DataError(f"data.{name}.rows: row {taken[0]} is in another part already")
            return np.isin(rows, listed)
        size = self.first or self.last or 0
        if size > len(rows):
            raise DataError(f"data.{name}: there are {len(rows)} rows to take the {self} from")
        chosen = np.zeros(len(rows), bool)
        chosen[slice(size) if self.first else slice(len(rows) - size, None)] = True
        return chosen

    def __str__(self) -> str:
        return f"first {self.first}" if self.first else f"last {self.last}" if self.last else f"rows of {self.rows}"


def _numbers(path: Path) -> Array:
    """Return the whole numbers in a file (n,) int64; ValueError for anything else."""
    if path.suffix == ".npy":
        array = np.load(path, allow_pickle=False)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(f"it holds {array.dtype} {array.shape}")
        return np.asarray(array, np.int64)
    words = path.read_text(encoding="utf-8").replace(",", " ").split()
    wrong = next((word for word in words if not (word.isascii() and word.isdecimal() and len(word) < 19)), None)
    if wrong is not None:
        raise ValueError(f"got {wrong[:40]!r}")
    return np.array(words, np.int64)
