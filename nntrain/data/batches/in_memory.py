"""Minibatches of arrays in memory: a new order every epoch, gathered into buffers that are used again and again.

The order is a function of (seed, epoch), so any batch of any epoch can be made again, bit for bit. Batches are gathered
on the spot by the main thread or ahead of time by a helper thread, whichever is faster. Knows nothing of networks.
"""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from nntrain.core.machine import processors
from nntrain.core.plan import Plan
from nntrain.core.types import Array
from nntrain.core.workers import Workers
from nntrain.data.batches.shuffle import WHOLE, Shuffle
from nntrain.data.transforms.lazy_inputs import Fetcher, Inputs

SPOT_BYTES = 1 << 18  # bytes of inputs gathered at a time on the spot: they fit the second-level cache (measured)
AHEAD_BYTES = 1 << 22  # bytes gathered at a time by the helper: enough to outweigh the cost of the thread (measured)
MOST_ON_THE_SPOT, MOST_AHEAD = 4, 16  # batches gathered at a time; each place costs one binding (measured)
NARROW = 32  # columns of targets up to which single entries are gathered, not rows (measured)
WORTH_BYTES = 1 << 18  # bytes of a batch's inputs from which a helper may be faster (measured)


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
        ahead = group_size(nbytes)
        worth = nbytes >= WORTH_BYTES and self.per_epoch >= 2 * ahead and processors() > 1
        self.ahead = ahead if worth else 0  # batches that the helper gathers at a time; 0: there is no helper
        self._timing = GatherTiming()
        halves = 0 if self.per_epoch == 1 else 2 if worth else 1
        if self.per_epoch == 1:
            self._whole = Batch((0, self.size), X[:], *self._source[1:])
        places = max(self.ahead, self.on_the_spot)
        self._buffers = [Buffers(self._source, self.batch_size, places, half, by_column) for half in range(halves)]

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers that batches are gathered into."""
        return sum(buffers.nbytes for buffers in self._buffers)

    def epoch(self, epoch: int, *, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of a 0-based epoch from number ``first`` on; each is valid until the next is taken."""
        if self.per_epoch == 1:
            yield self._whole
            return
        order = self.shuffle.order(self.size, self.seed, epoch)
        if not self.ahead:
            yield from self._spot(order, first, self.per_epoch)
            return
        with Workers(1) as helper:
            coming: Future[list[Batch]] | None = None
            half = 0  # which half of the buffers holds the current group
            for start in range(first, self.per_epoch, self.ahead):
                stop = min(start + self.ahead, self.per_epoch)
                ready = coming.result() if coming else None
                half = 1 - half if ready is not None else 0  # gathering on the spot always uses the first half
                coming = None
                if self._timing.helped and stop < self.per_epoch:
                    coming = helper.submit(self._gather, order, stop, self.ahead, 1 - half)
                yield from ready if ready is not None else self._spot(order, start, stop)
                self._timing.record(stop - start, helped=ready is not None)

    def _spot(self, order: Array, start: int, stop: int) -> Iterator[Batch]:
        for at in range(start, stop, self.on_the_spot):
            yield from self._gather(order, at, min(self.on_the_spot, stop - at), 0)

    def _gather(self, order: Array, start: int, count: int, half: int) -> list[Batch]:
        """Copy the rows of up to ``count`` batches from number ``start`` on into one half of the buffers."""
        return self._buffers[half].fill(order[start * self.batch_size : (start + count) * self.batch_size])


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
        self.X, self.y = (np.empty((rows, *a.shape[1:]), a.dtype) for a in (X, y))
        self._fetch = Fetcher(X, rows)
        whole, rest = rows // n, (total or size) % n
        blocks = (whole, width, n) if by_column else (whole, n, width)
        self.t, self.t_short = (
            np.empty(blocks, t.dtype),
            np.empty((rest, width), t.dtype, order="F" if by_column else "C"),
        )
        self.one_by_one = by_column and width <= NARROW
        self.flat = t.T.reshape(-1) if self.one_by_one else t  # entry (column j, row i) is at j · size + i
        self.columns = np.arange(width)[:, None] * size
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
        return sum(a.nbytes for a in (self.X, self._fetch, self.y, self.t, self.t_short, self.t_rows, self.index))

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
            index = np.add(rows[:, None, :], self.columns, out=self.index[: len(rows)])
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


class GatherTiming:
    """Measures which way of gathering is faster: tries both, keeps the faster one, and tries again from time to time.

    Its choice changes only the time that a batch takes.
    """

    TURN, SETTLING, LOOK_AGAIN = 8, 2, 64  # groups in a turn; its first ones, which are not timed; turns between trials

    def __init__(self) -> None:
        self.helped = False  # whether the helper gathers the next group
        self._seconds: dict[bool, float] = {}  # seconds per batch, with the helper (True) or without (False)
        self._groups = self._turns = 0
        self._batches, self._since = 0, perf_counter()

    def record(self, batches: int, *, helped: bool) -> None:
        """Record that a group of batches was used; at the end of a turn, choose how to gather the next groups."""
        self._groups += 1
        if self._groups <= self.SETTLING or helped != self.helped:
            self._batches, self._since = 0, perf_counter()
            return
        self._batches += batches
        if self._groups >= self.TURN:
            self._seconds[self.helped] = (perf_counter() - self._since) / self._batches
            self._turns += 1
            look = len(self._seconds) < 2 or self._turns % self.LOOK_AGAIN == 0
            self.helped = not self.helped if look else self._seconds[True] < self._seconds[False]
            self._groups = 0


def lay_out_targets(t: Array, plan: Plan) -> Array:
    """Return targets (n, c) in the memory order that the plan uses for their scores."""
    return np.asarray(t, order="F" if plan.column_major(t.shape[1]) else "C")
