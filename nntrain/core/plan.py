"""How matrix products and buffers are laid out on this machine: a pure function of kernels, threads and sizes.

The plan is chosen by rule, not by a stopwatch, so that the same machine always computes the same bits; it is part of a
run's recorded environment. The thresholds were measured: see ``scripts/bench.py``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

RULES = 2  # the number of these rules, raised when one changes: other pieces of a product round otherwise
SMALL = 1_000_000  # OpenBLAS: products up to this many multiply-adds skip packing, on the kernels below
SMALL_KERNELS = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"})
MOST_PIECES = (4, 16)  # of rows, of columns: more cost more than they gain (measured)
UNIT = 8  # pieces are multiples of so many rows or columns, which the kernels handle at once
LINE = 16  # and, where they can be, of so many: each then begins at a line of the cache (float32; measured)
LARGE = 24_000_000  # multiply-adds from which a product is cut in two for threads to share (measured)
SHARE = 100_000_000  # multiply-adds of each of more than two pieces, which cost a single thread time (measured)
MOST_SHARES = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """Layout rules for one process: ``kernels`` is BLAS's name of its kernels, ``small`` their small-matrix limit.

    ``threads`` are BLAS's own. ``fused``: the update of plain descent is part of the product that makes the gradient.
    ``rules`` is the number of the rules, for the record.
    """

    kernels: str = "unknown"
    threads: int = 1
    small: int = 0
    fused: bool = False
    rules: int = RULES

    @classmethod
    def for_kernels(cls, kernels: str, threads: int, *, fused: bool = False) -> "Plan":
        """Return the plan for the named BLAS kernels and number of threads."""
        return cls(kernels, threads, SMALL if kernels in SMALL_KERNELS else 0, fused)

    def pieces(self, m: int, n: int, k: int, *, axis: int) -> tuple[int, Sequence[slice]]:
        """Cut an (m, k) by (k, n) product; return the axis that is cut, 0 for rows or 1 for columns, and the pieces.

        Each piece of a product of middle size stays in the small path. Rows are cut only if ``axis`` says so and few
        pieces do; a large product is cut along its longer side into few pieces that threads can share.
        """
        if self.small and m * n * k > self.small:
            for way in range(axis, 2):
                length, other = ((m, n * k), (n, m * k))[way]
                unit = LINE if self.small // other >= LINE else UNIT
                widest = self.small // other // unit * unit
                count = -(-length // widest) if widest else length
                if count <= MOST_PIECES[way]:
                    return way, _cut(length, count, unit)
        if m * n * k < LARGE:
            return axis, [slice(0, (m, n)[axis])]
        way = int(n >= m)
        return way, _cut((m, n)[way], max(2, min(m * n * k // SHARE, MOST_SHARES)), UNIT)

    def column_major(self, width: int) -> bool:
        """Tell whether a block with this many columns is stored column after column.

        Measured: forward products run up to 1.15 times faster that way, and sums over few classes twice as fast.
        """
        return width > 1

    def describe(self) -> dict[str, Any]:
        """Return the plan for the run's record."""
        return asdict(self)


def _cut(length: int, count: int, unit: int) -> Sequence[slice]:
    """Return about so many equal pieces, all but the last a multiple of the unit."""
    width = -(-length // (count * unit)) * unit
    return [slice(start, min(start + width, length)) for start in range(0, length, width)]
