"""How matrix products and buffers are laid out on this machine: a pure function of kernels, threads and sizes.

The plan is chosen by rule, not by a stopwatch, so that the same machine always computes the same bits; it is part of a
run's recorded environment. The thresholds were measured: see ``scripts/bench.py``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

TINY = 4096  # multiply-adds below which the call itself costs more than the product
SMALL = 1_000_000  # OpenBLAS: products up to this many multiply-adds skip packing, on the kernels below
SMALL_KERNELS = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"})
MOST_PIECES = (2, 4)  # of rows, of columns: more cost more than they gain (measured)


@dataclass(frozen=True, slots=True)
class Plan:
    """Layout rules for one process: ``kernels`` is BLAS's name of its kernels, ``small`` their small-matrix limit."""

    kernels: str = "unknown"
    threads: int = 1
    small: int = 0

    @classmethod
    def for_kernels(cls, kernels: str, threads: int) -> "Plan":
        """Return the plan for the named BLAS kernels and number of threads."""
        return cls(kernels, threads, SMALL if kernels in SMALL_KERNELS else 0)

    def pieces(self, m: int, n: int, k: int, *, axis: int) -> Sequence[slice]:
        """Cut the rows (0) or columns (1) of an (m, k) by (k, n) product so that each piece stays in the small path."""
        length = (m, n)[axis]
        size = m * n * k
        count = -(-size // self.small) if self.small else 1
        if count > min(length, MOST_PIECES[axis]):
            count = 1
        return [slice(length * i // count, length * (i + 1) // count) for i in range(count)]

    def is_tiny(self, m: int, n: int, k: int) -> bool:
        """Tell whether the product is so small that call overhead is all that matters."""
        return m * n * k <= TINY

    def column_major(self, width: int) -> bool:
        """Tell whether a block with this many columns is stored column after column.

        Measured: forward products run up to 1.15 times faster that way, and sums over few classes twice as fast.
        """
        return width > 1

    def describe(self) -> dict[str, Any]:
        """Return the plan for the run's record."""
        return asdict(self)
