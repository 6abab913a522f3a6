"""Minibatches of arrays in memory: a new order every epoch, gathered into buffers that are used again and again.

The order is a function of (seed, epoch), so any batch of any epoch can be made again, bit for bit. Some
batches are gathered at a time, as each call delays the main thread. Knows nothing of networks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nntrain.core.memory import zeros
from nntrain.core.plan import Plan
from nntrain.core.types import Array
from nntrain.data.batches.shuffle import WHOLE, Shuffle
from nntrain.data.transforms.lazy_inputs import Fetcher, Inputs

SPOT_BYTES = 1 << 18  # bytes of inputs gathered at a time on the spot: they fit the second-level cache (measured)
AHEAD_BYTES = 1 << 22  # bytes that a helper thread prepares at a time: enough to outweigh its cost (measured)
MOST_ON_THE_SPOT, MOST_AHEAD = 4, 16  # batches gathered at a time; each place costs one binding (measured)
NARROW = 32  # columns of targets up to which single entries are gathered, not rows (measured)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Buffers that hold one batch: X (n, d), encoded targets t (n, c), the source's targets y."""

    slot: tuple[int, int]  # (place among the buffers, rows): batches with equal slots share memory
    X: Array
    t: Array
    y: Array


class Batches:
    """All batches of examples X (N, d), t (N, c), y; ``batch_size`` ≥ N gives one batch in the given order."""

    def __init__(
        self,
        X: Inputs,
        t: Array,
        y: Array,
        *,
        batch_size: int,
        seed: int,
        plan: Plan,
        shuffle: Shuffle = WHOLE,
    ) -> None:
        self.size, self.shuffle = len(X), shuffle
        self.batch_size = min(batch_size, self.size)
        self.seed = seed
        self.per_epoch = -(-self.size // self.batch_size)
        by_column = plan.column_major(t.shape[1])
        self._source = (X, lay_out_targets(t, plan) if self.per_epoch == 1 or t.shape[1] <= NARROW else t, y)
        nbytes = self.batch_size * X.shape[1] * np.dtype(X.dtype).itemsize
        self.on_the_spot = min(self.per_epoch, spot_size(nbytes))
        self._by_column = by_column
        self._buffers: Buffers | None = None
        if self.per_epoch == 1:
            self._whole = Batch((0, self.size), X[:], *self._source[1:])

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers that batches are gathered into."""
        return self._gathered().nbytes if self.per_epoch > 1 else 0

    @property
    def arrays(self) -> tuple[Inputs, Array, Array] | None:
        """X, t and y of all examples, which the rows of ``order`` are taken from; None if a batch is made otherwise."""
        return self._source if self.per_epoch > 1 else None

    def order(self, epoch: int) -> Array:
        """Return the row numbers of the examples in the order of a 0-based epoch: batch k begins at k · size."""
        return self.shuffle.order(self.size, self.seed, epoch)

    def epoch(self, epoch: int, *, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of a 0-based epoch from number ``first`` on; each is valid until the next is taken."""
        if self.per_epoch == 1:
            yield self._whole
            return
        order, n, buffers = self.order(epoch), self.batch_size, self._gathered()
        for at in range(first, self.per_epoch, self.on_the_spot):
            yield from buffers.fill(order[at * n : (at + self.on_the_spot) * n])

    def _gathered(self) -> "Buffers":
        """Return the buffers, made when they are first needed."""
        if self._buffers is None:
            self._buffers = Buffers(self._source, self.batch_size, self.on_the_spot, 0, self._by_column)
        return self._buffers


class Buffers:
    """Memory for several consecutive batches, filled by few NumPy calls, as each one delays the main thread.

    ``total`` is the number of all examples, if the source holds only a part of them.
    """

    def __init__(
        self,
        source: tuple[Inputs, Array, Array],
        n: int,
        places: int,
        half: int,
        by_column: bool,
        *,
        total: int | None = None,
    ) -> None:
        self.source, self.n, self.by_column = source, n, by_column
        X, t, y = source
        size, width = t.shape
        rows = min(places * n, size)
        self.X, self.y = (zeros((rows, *a.shape[1:]), a.dtype) for a in (X, y))
        self._fetch = Fetcher(X, rows)
        whole, rest = rows // n, (total or size) % n
        blocks = (whole, width, n) if by_column else (whole, n, width)
        self.t, self.t_short = (
            np.empty(blocks, t.dtype),
            np.empty((rest, width), t.dtype, order="F" if by_column else "C"),
        )
        self.one_by_one = by_column and width <= NARROW
        self.flat = t.T.reshape(-1) if self.one_by_one else t  # entry (column j, row i) is at j · size + i
        columns = np.arange(width)[:, None] * size
        self.columns = np.repeat(columns, n, axis=1) if self.one_by_one else columns  # as wide as a batch: see below
        self.index = np.empty(blocks if self.one_by_one else 0, np.intp)
        self.t_rows = np.empty((whole, n, width) if by_column and not self.one_by_one else 0, t.dtype)
        targets = [block.T if by_column else block for block in self.t]
        self.batches = [
            Batch((half * places + k, n), self.X[k * n : (k + 1) * n], targets[k], self.y[k * n : (k + 1) * n])
            for k in range(whole)
        ]
        self.half, self.places = half, places

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.X, self._fetch, self.y, self.t, self.t_short, self.t_rows, self.index, self.columns)
        return sum(a.nbytes for a in arrays)

    def fill(self, rows: Array) -> list[Batch]:
        """Copy the examples of these row numbers; return their batches, of which the last may be shorter."""
        _, t, y = self.source
        self._fetch.gather(rows, self.X[: len(rows)])
        y.take(rows, 0, self.y[: len(rows)], "clip")
        whole = len(rows) // self.n
        end = whole * self.n
        self._fill_targets(rows[:end].reshape(whole, self.n), self.t[:whole])
        if end == len(rows):
            return self.batches[:whole]
        self.t_short[:] = t[rows[end:]]
        short = slice(end, len(rows))
        slot = (self.half * self.places + whole, len(rows) - end)
        return [*self.batches[:whole], Batch(slot, self.X[short], self.t_short, self.y[short])]

    def _fill_targets(self, rows: Array, blocks: Array) -> None:
        """Copy the targets of rows (whole, n) into blocks (whole, width, n), or (whole, n, width) if not by column."""
        t = self.source[1]
        if self.one_by_one:
            index = self.index[: len(rows)]
            np.copyto(index, rows[:, None, :])
            np.add(index, self.columns, out=index)  # NumPy would buffer what it broadcasts to the inner axis
            self.flat.take(index, 0, blocks, "clip")
        elif self.by_column:
            gathered = self.t_rows[: len(rows)]
            t.take(rows, 0, gathered, "clip")
            np.copyto(blocks, gathered.transpose(0, 2, 1))
        else:
            t.take(rows, 0, blocks, "clip")


def spot_size(nbytes: int) -> int:
    """Return how many batches, with ``nbytes`` of inputs each, are gathered at a time on the spot."""
    return max(1, min(MOST_ON_THE_SPOT, SPOT_BYTES // max(1, nbytes)))


def group_size(nbytes: int) -> int:
    """Return how many batches, with ``nbytes`` of inputs each, a helper gathers at a time."""
    return max(2, min(MOST_AHEAD, AHEAD_BYTES // max(1, nbytes)))


def lay_out_targets(t: Array, plan: Plan) -> Array:
    """Return targets (n, c) in the memory order that the plan uses for their scores."""
    return np.asarray(t, order="F" if plan.column_major(t.shape[1]) else "C")
