"""Minibatches of inputs that stay on the disk: one window is trained on while the next is read.

The batches are those of an array in memory under the same shuffle, bit for bit. Knows nothing of networks.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, cycle

import numpy as np

from nntrain.core.plan import Plan
from nntrain.core.types import Array
from nntrain.data.batches import Batch, Batches, Buffers, blocked
from nntrain.data.ondisk import OnDisk
from nntrain.data.shuffling import WHOLE, BlockShuffle, Shuffle
from nntrain.data.stored import Inputs, Stored

SPOT_BYTES = 1 << 18  # inputs gathered at a time
MOST_AT_ONCE = 4  # batches


class WindowedBatches(Batches):
    """All batches of the examples X (N, d) on disk, t (N, c), y, in the order of a block shuffle."""

    def __init__(
        self, X: Stored, t: Array, y: Array, *, batch_size: int, seed: int, plan: Plan, shuffle: BlockShuffle
    ) -> None:
        self.size, self.seed, self._shuffle = len(X), seed, shuffle
        self.batch_size = min(batch_size, self.size)
        self.per_epoch = -(-self.size // self.batch_size)
        self._source = (X, t, y)
        self.at_once = max(1, min(MOST_AT_ONCE, SPOT_BYTES // (self.batch_size * X.shape[1] * X.values.dtype.itemsize)))
        self._windows = [_Window(self._source, self.batch_size, shuffle, plan, half, self.at_once) for half in range(2)]

    @property
    def nbytes(self) -> int:
        """Bytes of the windows and of the buffers that batches are gathered into."""
        return sum(window.nbytes for window in self._windows)

    def epoch(self, epoch: int, *, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of a 0-based epoch from number ``first`` on; a batch is valid until the next is taken."""
        per_window = self._shuffle.window // self.batch_size
        start, skipped = divmod(first, per_window)
        windows = self._shuffle.windows(self.size, self.seed, epoch, start)
        with ThreadPoolExecutor(max_workers=1) as helper:
            coming = helper.submit(self._windows[0].load, *next(windows))
            for half, ahead in zip(cycle((0, 1)), chain(windows, (None,))):
                order = coming.result()
                if ahead is not None:
                    coming = helper.submit(self._windows[1 - half].load, *ahead)
                yield from self._windows[half].batches(order[skipped * self.batch_size :], self.at_once)
                skipped = 0


class _Window:
    """Memory for the rows of a window as they are stored, and for a few batches."""

    def __init__(
        self, source: tuple[Stored, Array, Array], n: int, shuffle: BlockShuffle, plan: Plan, half: int, places: int
    ) -> None:
        self.source, self.n = source, n
        X, t, y = source
        rows = min(shuffle.window, len(X))
        self.X = np.empty((rows, X.shape[1]), X.values.dtype)
        self.t = blocked(np.empty((rows, t.shape[1]), t.dtype), plan)
        self.y = np.empty((rows, *y.shape[1:]), y.dtype)
        self.buffers = Buffers(
            (Stored(self.X, X.scaler, X.dtype), self.t, self.y),
            n,
            places,
            half,
            plan.column_major(t.shape[1]),
            total=len(X),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.X.nbytes + self.t.nbytes + self.y.nbytes + self.buffers.nbytes

    def load(self, rows: Array, mixed: Array) -> Array:
        """Read the rows of these numbers; return the order that they are to be taken in."""
        X, t, y = self.source
        for start in range(0, len(rows), 4096):
            part = rows[start : start + 4096]
            X.values.take(part, 0, self.X[start : start + len(part)], "clip")
        self.t[: len(rows)] = t[rows]
        self.y[: len(rows)] = y[rows]
        return mixed

    def batches(self, order: Array, at_once: int) -> Iterator[Batch]:
        """Yield the batches of the rows in this order."""
        step = at_once * self.n
        for start in range(0, len(order), step):
            yield from self.buffers.fill(order[start : start + step])


def batches_of(
    X: Inputs, t: Array, y: Array, *, batch_size: int, seed: int, plan: Plan, shuffle: Shuffle = WHOLE
) -> Batches:
    """Return the batches of some inputs, wherever they are."""
    if (
        isinstance(X, Stored)
        and isinstance(X.values, OnDisk)
        and isinstance(shuffle, BlockShuffle)
        and batch_size < len(X)
    ):
        return WindowedBatches(X, t, y, batch_size=batch_size, seed=seed, plan=plan, shuffle=shuffle)
    return Batches(X, t, y, batch_size=batch_size, seed=seed, plan=plan, shuffle=shuffle)
