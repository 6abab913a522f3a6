"""The order in which examples are trained on: a function of seed and epoch, over all rows or block by block.

Knows nothing of the examples.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array

BLOCK_BYTES = 1 << 20  # bytes of consecutive inputs read at once; a disk reads such blocks at nearly its full rate
WINDOW_BYTES = 1 << 26  # bytes of inputs that are shuffled together, in blocks from random places of the file
FEWEST_BLOCKS = 8  # in a window


@dataclass(frozen=True, slots=True)
class WholeShuffle:
    """Every order of the rows is equally likely."""

    def order(self, size: int, seed: int, epoch: int) -> Array:
        """Return the row numbers in the order of a 0-based epoch."""
        return generator(seed, Stream.SHUFFLE, epoch).permutation(size)


@dataclass(frozen=True, slots=True)
class BlockShuffle:
    """Blocks of ``rows`` consecutive rows in random order; every ``blocks`` of them form a window, which is shuffled.

    The offset of the blocks is drawn anew every epoch, so that no two rows are always in the same block.
    """

    rows: int
    blocks: int

    @classmethod
    def of(cls, row_bytes: int, batch_size: int) -> "BlockShuffle":
        """Return the shuffle for rows of this many bytes; a window holds whole batches."""
        rows = batch_size * -(-BLOCK_BYTES // (batch_size * row_bytes))
        return cls(rows, max(FEWEST_BLOCKS, WINDOW_BYTES // (rows * row_bytes)))

    @property
    def window(self) -> int:
        """Number of rows of each window but the last, which may be shorter."""
        return self.rows * self.blocks

    def order(self, size: int, seed: int, epoch: int) -> Array:
        """Return the row numbers in the order of a 0-based epoch."""
        return np.concatenate([rows[mixed] for rows, mixed in self.windows(size, seed, epoch)])

    def windows(self, size: int, seed: int, epoch: int, first: int = 0) -> Iterator[tuple[Array, Array]]:
        """Yield, for each window from ``first`` on, its row numbers, and their order (indices into these)."""
        rng = generator(seed, Stream.SHUFFLE, epoch)
        offset = int(rng.integers(size))
        starts = np.append(
            rng.permutation(size // self.rows) * self.rows, size - size % self.rows
        )  # the incomplete block is last
        for number in range(first, -(-size // self.window)):
            chosen = starts[number * self.blocks : (number + 1) * self.blocks]
            rows = (chosen[:, None] + np.arange(self.rows)).reshape(-1)
            rows = (rows[rows < size] + offset) % size
            yield rows, generator(seed, Stream.SHUFFLE, epoch, number).permutation(len(rows))


Shuffle: TypeAlias = WholeShuffle | BlockShuffle
WHOLE = WholeShuffle()
