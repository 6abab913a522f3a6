"""Preallocated buffers: taken in a fixed order, so that every batch size reuses the same memory.

A ``Workspace`` hands out blocks for ``n`` rows. ``resized(m)`` starts over with ``m ≤ capacity`` rows on the same
memory: if the same blocks are asked for in the same order, a short last batch uses the front of the same buffers.
Knows nothing of what the blocks hold.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from nntrain.core.memory import name_memory, zeros
from nntrain.core.plan import Plan
from nntrain.core.types import Array


class Workspace:
    """Blocks of ``rows`` rows out of memory sized for ``capacity`` rows."""

    def __init__(self, capacity: int, dtype: npt.DTypeLike, plan: Plan) -> None:
        self.capacity = capacity
        self.rows = capacity
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.plan = plan
        self._memory: list[Array] = []
        self._taken = 0

    def resized(self, rows: int) -> "Workspace":
        """Return a workspace for ``rows`` rows on the same memory, its first block first."""
        if not 0 < rows <= self.capacity:
            raise ValueError(f"rows must be in 1..{self.capacity}, got {rows}")
        view = Workspace.__new__(Workspace)
        view.capacity, view.rows, view.dtype, view.plan = self.capacity, rows, self.dtype, self.plan
        view._memory, view._taken = self._memory, 0
        return view

    def block(self, width: int, dtype: npt.DTypeLike | None = None) -> Array:
        """Return a (rows, width) block, stored row after row or column after column as the plan says."""
        memory = self._take(self.capacity * width, dtype)[: self.rows * width]
        if self.plan.column_major(width):
            return memory.reshape(width, self.rows).T
        return memory.reshape(self.rows, width)

    def like(self, block: Array) -> Array:
        """Return a further block with the shape, type and memory order of one that this workspace made."""
        return self.block(block.shape[1], block.dtype)

    def column(self, dtype: npt.DTypeLike | None = None) -> Array:
        """Return a vector with one entry a row."""
        return self._take(self.capacity, dtype)[: self.rows]

    def vector(self, size: int) -> Array:
        """Return a vector of ``size`` entries, whatever the number of rows."""
        return self._take(size, None)

    def scalar(self) -> Array:
        """Return a 0-d array."""
        return self._take(1, None).reshape(())

    @property
    def nbytes(self) -> int:
        """Bytes of all blocks handed out so far."""
        return sum(memory.nbytes for memory in self._memory)

    def _take(self, size: int, dtype: npt.DTypeLike | None) -> Array:
        kind = self.dtype if dtype is None else np.dtype(dtype)
        if self._taken == len(self._memory):
            with name_memory(f"a buffer for batches of {self.capacity:,} rows; smaller batches need less"):
                self._memory.append(zeros(size, kind))
        memory = self._memory[self._taken]
        if memory.size != size or memory.dtype != kind:
            raise ValueError(f"block {self._taken}: asked for {size} {kind}, holds {memory.size} {memory.dtype}")
        self._taken += 1
        return memory


def flat(block: Array) -> Array:
    """Return a block as a vector in memory order, without copying."""
    vector: Array = block.ravel(order="K")
    if not np.shares_memory(vector, block):
        raise ValueError("a block must be contiguous")
    return vector
