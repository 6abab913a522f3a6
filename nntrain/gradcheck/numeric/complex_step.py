"""Complex arrays for complex-step derivatives: ordered by their real parts (Martins, Sturdza & Alonso 2003).

f(θ + ih) = f(θ) + ih f′(θ) − …, so Im f / h is the derivative to the last digit, as nothing is subtracted. This needs
an analytic f. ReLU, max, |·| and hinge are analytic only piecewise, and the real part decides which piece applies.
NumPy compares complex numbers by their real parts first; here abs and sign use the real part too. A network bound to
these arrays runs its own recorded calls in complex arithmetic.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nntrain.core.plan import Plan
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace


class ByRealPart(np.ndarray[Any, Any]):
    """A complex array whose ``abs``, ``sign`` and ``logaddexp`` are those of real numbers, continued analytically."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Run the ufunc, or its continuation, on plain arrays; complex results are ordered by real parts again."""
        given = options.pop("out", None)
        if given is not None:
            options["out"] = tuple(_plain(array) for array in given)
        plain = [_plain(item) for item in inputs]
        if ufunc in CONTINUED and method == "__call__":
            result = CONTINUED[ufunc](*plain)
            if given is not None:
                np.copyto(options["out"][0], result)
        else:
            result = getattr(ufunc, method)(*plain, **options)
        return given[0] if given is not None else order_by_real_part(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Run any other function of NumPy's; some return plain arrays."""
        return order_by_real_part(super().__array_function__(function, types, args, kwargs))


class ComplexWorkspace(Workspace):
    """A workspace whose complex blocks are ordered by their real parts."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity, np.complex128, Plan())

    def block(self, width: int, dtype: npt.DTypeLike | None = None) -> Array:
        """Return a (rows, width) block."""
        made: Array = order_by_real_part(super().block(width, dtype))
        return made

    def column(self, dtype: npt.DTypeLike | None = None) -> Array:
        """Return a vector with one entry a row."""
        made: Array = order_by_real_part(super().column(dtype))
        return made

    def vector(self, size: int) -> Array:
        """Return a vector of ``size`` entries."""
        made: Array = order_by_real_part(super().vector(size))
        return made

    def scalar(self) -> Array:
        """Return a 0-d array."""
        made: Array = order_by_real_part(super().scalar())
        return made


def order_by_real_part(value: Any) -> Any:
    """Return a complex array ordered by its real parts, sharing its memory; anything else as it is."""
    is_complex = isinstance(value, np.ndarray) and value.dtype.kind == "c"
    return value.view(ByRealPart) if is_complex else value


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, ByRealPart) else value


def _abs(z: Array) -> Array:
    return np.where(z < 0, -z, z)


def _sign(z: Array) -> Array:
    return np.where(z < 0, -1.0, np.where(z > 0, 1.0, 0.0))


def _logaddexp(a: Array, b: Array) -> Array:
    top = np.maximum(a, b)
    result: Array = top + np.log1p(np.exp(np.minimum(a, b) - top))
    return result


CONTINUED: dict[np.ufunc, Callable[..., Array]] = {
    np.absolute: _abs,
    np.fabs: _abs,
    np.sign: _sign,
    np.logaddexp: _logaddexp,
}
