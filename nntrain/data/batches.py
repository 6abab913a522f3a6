"""Minibatches: a fresh order every epoch, gathered into the same few buffers.

The order is a function of (seed, epoch), so any batch of any epoch can be had again. Batches are gathered in groups,
the next group by a helper thread while the current one is being worked on where that pays. Knows nothing of networks.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from nntrain.core.plan import Plan
from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array

GROUP_BYTES = 1 << 20  # inputs gathered at a time
MOST_BATCHES = 32  # batches in a group at the most
PREFETCH_BYTES = 1 << 16  # inputs of a batch from which a helper thread pays (measured)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Buffers that hold one batch: X (n, d), encoded targets t (n, c), the source's targets y."""

    slot: tuple[int, int]  # (place among the buffers, rows): equal slots are the same memory
    X: Array
    t: Array
    y: Array


class Batches:
    """All batches of the examples X (N, d), t (N, c), y; ``batch_size`` ≥ N means one batch in the given order."""

    def __init__(self, X: Array, t: Array, y: Array, *, batch_size: int, seed: int, plan: Plan) -> None:
        self.size = len(X)
        self.batch_size = min(batch_size, self.size)
        self.seed = seed
        self.plan = plan
        self.per_epoch = -(-self.size // self.batch_size)
        self._source = (X, blocked(t, plan), y)
        nbytes = self.batch_size * X.shape[1] * X.itemsize
        self.group = max(2, min(MOST_BATCHES, self.per_epoch, GROUP_BYTES // max(1, nbytes)))
        spare_cores = (os.cpu_count() or 1) > plan.threads
        self.prefetch = self.per_epoch > self.group and nbytes >= PREFETCH_BYTES and spare_cores
        halves = 0 if self.per_epoch == 1 else 2 if self.prefetch else 1
        self._buffers = [self._allocate(self.group * self.batch_size) for _ in range(halves)]

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers that batches are gathered into."""
        return sum(array.nbytes for half in self._buffers for array in half)

    def epoch(self, epoch: int, *, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of a 0-based epoch from number ``first`` on; a batch is valid until the next is taken."""
        if self.per_epoch == 1:
            yield Batch((0, self.size), *self._source)
            return
        order = generator(self.seed, Stream.SHUFFLE, epoch).permutation(self.size)
        starts = range(first, self.per_epoch, self.group)
        if not self.prefetch:
            for start in starts:
                yield from self._gather(order, start, 0)
            return
        with ThreadPoolExecutor(max_workers=1) as helper:
            coming = helper.submit(self._gather, order, first, 0)
            for turn, start in enumerate(starts):
                ready = coming.result()
                following = start + self.group
                if following < self.per_epoch:
                    coming = helper.submit(self._gather, order, following, 1 - turn % 2)
                yield from ready

    def _gather(self, order: Array, start: int, half: int) -> list[Batch]:
        """Copy the rows of up to a group of batches from number ``start`` on; the sum of their rows is one gather."""
        n = self.batch_size
        rows = order[start * n : min((start + self.group) * n, self.size)]
        (X, t, y), (to_X, to_t, to_y) = self._source, self._buffers[half]
        X.take(rows, 0, to_X[: len(rows)], "clip")  # "clip": with bounds checks NumPy copies the whole output once more
        y.take(rows, 0, to_y[: len(rows)], "clip")
        batches = []
        for place, at in enumerate(range(0, len(rows), n)):
            cut = slice(at, min(at + n, len(rows)))
            block = self._target_block(to_t, cut)
            if block.flags.c_contiguous:
                t.take(rows[cut], 0, block, "clip")
            else:
                t.T.take(rows[cut], 1, block.T, "clip")
            batches.append(Batch((half * self.group + place, len(block)), to_X[cut], block, to_y[cut]))
        return batches

    def _allocate(self, rows: int) -> tuple[Array, Array, Array]:
        X, t, y = self._source
        return tuple(np.empty((rows, *a.shape[1:]), a.dtype) for a in (X, t, y))  # type: ignore[return-value]  # three of them

    def _target_block(self, memory: Array, cut: slice) -> Array:
        """Return the rows ``cut`` of the target buffer as a block in the order that the scores have."""
        block, (rows, width) = memory[cut], memory[cut].shape
        return block.reshape(width, rows).T if self.plan.column_major(width) else block


def blocked(t: Array, plan: Plan) -> Array:
    """Return targets (n, c) stored in the order that the plan has for their scores."""
    return np.asarray(t, order="F" if plan.column_major(t.shape[1]) else "C")
