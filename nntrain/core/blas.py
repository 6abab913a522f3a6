"""Products that add to what is there, out ← β out + α a b, by the BLAS that NumPy itself has loaded.

``np.matmul`` cannot say this. The routine is looked up in the library that NumPy's own module depends on, so kernels,
threads and rounding are those of NumPy. Where it cannot be found, ``routine`` is None. Knows nothing of what is
multiplied.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nntrain.core.types import Array

# How NumPy's wheels, and distributions, name the routine, and the bytes of its integers.
NAMES = (("scipy_cblas_{}gemm64_", 8), ("cblas_{}gemm64_", 8), ("cblas_{}gemm", 4))
ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # cblas's words


@dataclass(frozen=True, slots=True, eq=False)
class Routine:
    """cblas's gemm for one precision: its function, its address, and the bytes of its integers."""

    function: Callable[..., Any]
    address: int
    integer: int


@lru_cache(2)
def routine(char: str) -> Routine | None:
    """Return gemm for ``f`` or ``d``; None where NumPy's library does not show it."""
    try:
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]  # NumPy's own module
    except (AttributeError, OSError, TypeError):
        return None
    real = {"f": ctypes.c_float, "d": ctypes.c_double}[char]
    for name, integer in NAMES:
        function = getattr(library, name.format({"f": "s", "d": "d"}[char]), None)
        if function is not None:
            i, p, n = ctypes.c_int, ctypes.c_void_p, ctypes.c_int64 if integer == 8 else ctypes.c_int32
            function.argtypes, function.restype = [i, i, i, n, n, n, real, p, n, p, n, real, p, n], None
            return Routine(function, ctypes.cast(function, ctypes.c_void_p).value or 0, integer)
    return None


def takes(a: Array, b: Array, out: Array) -> bool:
    """Tell whether ``gemm`` can multiply a (m, k) by b (k, n) into out (m, n), rows of out one after the other."""
    if a.dtype.char not in "fd" or not a.dtype == b.dtype == out.dtype or routine(a.dtype.char) is None:
        return False
    orders = _order(a), _order(b), _order(out)
    return None not in orders and orders[2] is not None and orders[2][0] == PLAIN


class Gemm:
    """``gemm(a, b, alpha, beta, out)``: out ← beta out + alpha a b."""

    __name__ = "gemm"

    def __call__(self, a: Array, b: Array, alpha: float, beta: float, out: Array) -> None:
        self.bound(a, b, alpha, beta, out)()

    def bound(self, a: Array, b: Array, alpha: float, beta: float, out: Array) -> Callable[[], Any]:
        """Return the call with everything converted beforehand; ``takes`` must hold of the arrays."""
        found, orders = routine(a.dtype.char), [_order(matrix) for matrix in (a, b, out)]
        assert found is not None
        (ta, lda), (tb, ldb), (_, ldc) = (order for order in orders if order is not None)
        at = [matrix.ctypes.data for matrix in (a, b, out)]
        values = (
            ROW_MAJOR,
            ta,
            tb,
            *a.shape[:1],
            b.shape[1],
            a.shape[1],
            alpha,
            at[0],
            lda,
            at[1],
            ldb,
            beta,
            at[2],
            ldc,
        )
        types = found.function.argtypes  # type: ignore[attr-defined]
        converted = [kind(value) for kind, value in zip(types, values, strict=True)]
        function, kept = found.function, (a, b, out)

        def run(_kept: tuple[Array, ...] = kept) -> None:
            function(*converted)

        return run


gemm = Gemm()


def _order(a: Array) -> tuple[int, int] | None:
    """Return how the rows of a matrix lie, and its leading dimension; None if neither way."""
    size, (rows, columns) = a.itemsize, a.strides
    if columns == size and rows % size == 0 and rows >= size * a.shape[1]:
        return PLAIN, rows // size
    if rows == size and columns % size == 0 and columns >= size * a.shape[0]:
        return TRANSPOSED, columns // size
    return None
