"""Minibatches of inputs on disk: a helper thread reads and prepares the next ones during training on the current one.

The batches equal those of an array in memory with the same shuffle, bit for bit. Knows nothing of networks.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain, cycle, pairwise

import numpy as np

from nntrain.core.plan import Plan
from nntrain.core.types import Array
from nntrain.core.workers import Workers
from nntrain.data.batches.in_memory import Batch, Batches, Buffers, group_size, lay_out_targets, spot_size
from nntrain.data.batches.shuffle import WHOLE, BlockShuffle, Shuffle
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.transforms.lazy_inputs import Inputs, LazyInputs

NO_ROWS = np.empty(0, np.intp)


class WindowedBatches(Batches):
    """All batches of the examples X (N, d) on disk, t (N, c), y, in the order of a block shuffle.

    Two windows of stored rows are in memory. While the batches of one are gathered and scaled, group by group, the
    other is read, a part with each group, so that training seldom waits for the disk.
    """

    def __init__(
        self, X: LazyInputs, t: Array, y: Array, *, batch_size: int, seed: int, plan: Plan, shuffle: BlockShuffle
    ) -> None:
        self.size, self.seed, self._shuffle = len(X), seed, shuffle
        self.batch_size = n = min(batch_size, self.size)
        self.per_epoch = -(-self.size // n)
        self._inputs, self._targets = X.values, (t, y)
        self._rows = min(shuffle.window, self.size)  # rows of a window
        rows, width = 2 * self._rows, t.shape[1]
        self._X = np.empty((rows, X.shape[1]), X.values.dtype)
        self._t = lay_out_targets(np.empty((rows, width), t.dtype), plan)
        self._y = np.empty((rows, *y.shape[1:]), y.dtype)
        nbytes = n * X.shape[1] * np.dtype(X.dtype).itemsize
        self.on_the_spot, self._group = spot_size(nbytes), group_size(nbytes)
        source = (LazyInputs(self._X, X.scaler, X.dtype), self._t, self._y)
        by_column = plan.column_major(width)
        self._halves = [Buffers(source, n, self._group, half, by_column, total=self.size) for half in range(2)]

    @property
    def nbytes(self) -> int:
        """Bytes of the windows and of the buffers that batches are gathered into."""
        windows = self._X.nbytes + self._t.nbytes + self._y.nbytes
        return windows + sum(buffers.nbytes for buffers in self._halves)

    @property
    def arrays(self) -> None:
        """None: the rows of a batch are read from the disk."""
        return None

    def epoch(self, epoch: int, *, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of a 0-based epoch from number ``first`` on; a batch is valid until the next is taken.

        During training on a group, the helper reads a part of the next window and then gathers the next group. If it
        has not begun to gather when the group is needed, the batches are gathered here as they are taken.
        """
        ready: Iterable[Batch] = ()
        reads: list[Future[None]] = []
        with Workers(1) as helper:
            for (group, ahead), buffers in zip(pairwise(self._groups(epoch, first)), cycle(self._halves)):
                reads.append(helper.submit(self._load, group.coming, group.begin))
                filling = helper.submit(buffers.fill, ahead.places)
                yield from ready
                behind = filling.cancel()
                if ahead.begins:
                    while reads:
                        reads.pop().result()
                ready = self._on_the_spot(buffers, ahead.places) if behind else filling.result()
            yield from ready

    def _on_the_spot(self, buffers: Buffers, places: Array) -> Iterator[Batch]:
        step = self.on_the_spot * self.batch_size
        for at in range(0, len(places), step):
            yield from buffers.fill(places[at : at + step])

    def _groups(self, epoch: int, first: int) -> Iterator["_Group"]:
        """Yield the groups of an epoch; before them one without batches, during which the first window is read."""
        start, skipped = divmod(first, self._shuffle.window // self.batch_size)
        windows = self._shuffle.windows(self.size, self.seed, epoch, start)
        rows, order = next(windows)
        yield _Group(NO_ROWS, begins=False, coming=rows, begin=0)
        step = self._group * self.batch_size
        for begin, (coming, next_order) in zip(cycle((0, self._rows)), chain(windows, ((NO_ROWS, NO_ROWS),))):
            places = order[skipped * self.batch_size :] + begin
            starts = range(0, len(places), step)
            cuts = [len(coming) * k // len(starts) for k in range(len(starts) + 1)]
            for at, (a, b) in zip(starts, pairwise(cuts), strict=True):
                yield _Group(places[at : at + step], at == 0, coming[a:b], self._rows - begin + a)
            order, skipped = next_order, 0

    def _load(self, rows: Array, begin: int) -> None:
        """Read the rows with these numbers, if any, into the places from ``begin`` on."""
        if not len(rows):
            return
        t, y = self._targets
        places = slice(begin, begin + len(rows))
        self._inputs.take(rows, 0, self._X[places], "clip")
        self._t[places], self._y[places] = t[rows], y[rows]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Consecutive batches: the places of their rows in the windows, and whether they are the first of a window.

    During training on them, the rows ``coming`` are read into the places from ``begin`` on.
    """

    places: Array
    begins: bool
    coming: Array
    begin: int


def batches_of(
    X: Inputs, t: Array, y: Array, *, batch_size: int, seed: int, plan: Plan, shuffle: Shuffle = WHOLE
) -> Batches:
    """Return the batches of inputs in memory or on disk."""
    if (
        isinstance(X, LazyInputs)
        and isinstance(X.values, OnDisk)
        and isinstance(shuffle, BlockShuffle)
        and batch_size < len(X)
    ):
        return WindowedBatches(X, t, y, batch_size=batch_size, seed=seed, plan=plan, shuffle=shuffle)
    return Batches(X, t, y, batch_size=batch_size, seed=seed, plan=plan, shuffle=shuffle)
