"""The list of NumPy calls that a training step is made of; each is bound to its arrays before the first step.

Layers, losses and optimizers write their equations as ``do(np.add, z, b, out=z)``; a ``Calls`` object records them
once and runs them many times, so that a step contains no attribute look-ups, no slicing and no dispatch. The same list
serves profiling by call and printing. Knows nothing of networks; every array handed to it must stay where it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nntrain.core.blas import Gemm
from nntrain.core.plan import Plan
from nntrain.core.types import Array

_EXTREMA = (np.maximum, np.minimum)  # their positional `out` is deprecated, and with a number they run at half speed
_LARGE = 1024  # entries from which a block full of a number beats the number itself in an extremum (measured)

Constants = dict[tuple[str, float, int], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One recorded call: what it belongs to (``label``), the function and its bound arguments."""

    label: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    out: Array | None
    product: object = None  # the pieces of one product have the same object here: they may run at the same time

    def bind(self) -> Callable[[], Any]:
        """Return the call with its arguments bound in the cheapest way NumPy takes them."""
        if isinstance(self.function, Gemm):
            a, b, alpha, beta = self.args
            assert self.out is not None
            return self.function.bound(a, b, alpha, beta, self.out)
        if self.out is None:
            return partial(self.function, *self.args)
        if self.function in _EXTREMA:
            return partial(self.function, *self.args, out=self.out)
        return partial(self.function, *self.args, self.out)  # a positional `out` is parsed faster


class Calls:
    """Records calls in order; ``bind()`` returns them ready to run.

    Numbers among the arguments become arrays of the output's type once and for all, so that nothing is converted in a
    step; ``constants`` is where several lists of calls share them.
    """

    def __init__(self, plan: Plan, dtype: np.dtype[Any], constants: Constants | None = None) -> None:
        self.plan = plan
        self.dtype = dtype
        self.label = ""
        self.calls: list[Call] = []
        self.constants: Constants = {} if constants is None else constants

    def __call__(self, function: Callable[..., Any], *args: Any, out: Array | None = None) -> None:
        """Record ``function(*args, out)``; the function takes ``out`` as its last positional argument."""
        bound = args if out is None else tuple(self._operand(function, a, out) for a in args)
        self.calls.append(Call(self.label, function, bound, out))

    def _operand(self, function: Callable[..., Any], value: Any, out: Array) -> Any:
        """Return an argument in the form that is bound: a number as a 0-d array, or as a block where that is faster."""
        if isinstance(value, np.ndarray):
            single = value.size == 1 < out.size and isinstance(function, np.ufunc)
            return value.reshape(()) if single else value  # a 0-d array needs no iterator
        if not isinstance(value, float | int):
            return value
        kind = self.dtype if out.dtype == np.bool_ else out.dtype
        if function not in _EXTREMA or out.size < _LARGE:
            return np.asarray(value, kind)
        key = (kind.str, float(value), out.size)
        if key not in self.constants:
            self.constants[key] = np.full(out.size, value, kind)
        return self.constants[key].reshape(out.shape, order="C" if out.flags.c_contiguous else "F")

    def matmul(self, a: Array, b: Array, *, out: Array, axis: int = 0) -> None:
        """Record ``out = a @ b``, a (m, k), b (k, n), out (m, n), in the pieces that the plan asks for.

        ``axis`` is the axis of ``out`` that is best cut: rows of ``a`` (0) or columns of ``b`` (1). The sum over k is
        never cut, so the pieces compute the very same products.
        """
        m, k = a.shape
        n = b.shape[1]
        way, cuts = self.plan.pieces(m, n, k, axis=axis)
        product = object() if len(cuts) > 1 else None
        for cut in cuts:
            parts = (a[cut], b, out[cut]) if way == 0 else (a, b[:, cut], out[:, cut])
            self.calls.append(Call(self.label, np.matmul, parts[:2], parts[2], product))

    def sum_rows(self, a: Array, weights: Array, *, out: Array) -> None:
        """Record ``out_i = Σ_j a_ij weights_j``, a (n, k), weights (k,), out (n,)."""
        self.matmul(a, weights[:, None], out=out[:, None])

    def sum_columns(self, weights: Array, a: Array, *, out: Array) -> None:
        """Record ``out_j = Σ_i weights_i a_ij``, weights (n,), a (n, k), out (k,)."""
        self.matmul(weights[None], a, out=out[None])

    def bind(self) -> list[Callable[[], Any]]:
        """Return the recorded calls, each ready to be called without arguments."""
        return [call.bind() for call in self.calls]

    def run(self) -> None:
        """Run every call once, in order."""
        for call in self.bind():
            call()

    def __iter__(self) -> Iterator[Call]:
        return iter(self.calls)

    def __len__(self) -> int:
        return len(self.calls)
