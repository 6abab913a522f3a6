"""Plain descent as part of the products that make the gradient: θ ← θ − dZᵀX in one product, by cblas.

It saves writing the gradient of a weight matrix and reading it again. Knows nothing of batches or epochs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from nntrain.core import blas
from nntrain.core.calls import Call
from nntrain.core.params import Params
from nntrain.core.types import Array

Span = tuple[int, int]  # (first, stop) of a flat vector of parameters


@dataclass(frozen=True, slots=True)
class Fused:
    """The backward pass that updates weights, one that leaves their gradient behind as well, and which it updates."""

    backward: Sequence[Call]
    measured: Sequence[Call]
    updated: Sequence[Span]


def fuse(calls: Sequence[Call], params: Params) -> Fused:
    """Return a backward pass whose products update the weights themselves.

    A product waits until the other calls of its layer are done, which need the weights as they were. It stays as it is
    if one of these touches its gradient or overwrites its factors, or if a part of the matrix cannot be multiplied so.
    """
    backward: list[Call] = []
    measured: list[Call] = []
    updated: list[Span] = []
    for _, group in groupby(calls, key=lambda call: call.label):
        layer = list(group)
        fit = [span for span in _weights(params) if _fits(layer, params, span)]
        products = [call for call in layer if any(_writes(call, params, span) for span in fit)]
        waiting = [_updating(call, params) for call in products]
        backward += [call for call in layer if call not in products] + waiting
        measured += layer + waiting
        updated += fit
    return Fused(backward, measured, sorted(updated))


def without(spans: Sequence[Span], size: int) -> Iterator[Span]:
    """Yield what ascending spans leave of a vector."""
    at = 0
    for first, stop in (*spans, (size, size)):
        if first > at:
            yield at, first
        at = stop


def _weights(params: Params) -> Iterator[Span]:
    """Yield where each matrix of weights lies."""
    for shapes, views in zip(params.shapes, params.values, strict=True):
        for name, shape in shapes.items():
            if shape.weight and len(shape.dims) == 2:
                first = _offset(getattr(views, name), params.theta)
                yield first, first + shape.size


def _offset(view: Array, vector: Array) -> int:
    return int(view.ctypes.data - vector.ctypes.data) // vector.itemsize


def _writes(call: Call, params: Params, span: Span) -> bool:
    """Tell whether a call is a product that writes into the gradient of the parameters in a span."""
    if call.function is not np.matmul or call.out is None or not np.may_share_memory(call.out, params.grad):
        return False
    return span[0] <= _offset(call.out, params.grad) < span[1]


def _fits(layer: Sequence[Call], params: Params, span: Span) -> bool:
    products = [call for call in layer if _writes(call, params, span)]
    if sum(call.out.size for call in products if call.out is not None) != span[1] - span[0]:
        return False
    gradient = params.grad[span[0] : span[1]]
    for call in products:
        out = _updating(call, params).out
        if out is None or not blas.takes(call.args[0], call.args[1], out):
            return False
    for call in (call for call in layer if call not in products):
        used = [a for a in (*call.args, getattr(call.function, "__self__", None)) if isinstance(a, np.ndarray)]
        if call.out is None or any(np.may_share_memory(a, gradient) for a in (call.out, *used)):
            return False  # a Python function may touch anything
        if any(np.may_share_memory(call.out, factor) for product in products for factor in product.args):
            return False
    return True


def _updating(call: Call, params: Params) -> Call:
    """Return the call that subtracts a product from the parameters, where ``call`` writes it into their gradient."""
    out = call.out
    assert out is not None
    theta = np.lib.stride_tricks.as_strided(params.theta[_offset(out, params.grad) :], out.shape, out.strides)
    return replace(call, label="update", function=blas.gemm, args=(*call.args, -1.0, 1.0), out=theta)
