"""How operands lie in memory: what the loops of the C extension are told. Knows nothing of what is computed."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from nntrain.core.types import Array

Steps: TypeAlias = Sequence[Sequence[int]]  # bytes from one entry to the next: of each operand, along each axis


def are_matrices(a: Array, b: Array, out: Array) -> bool:
    """Tell whether an ordinary product of real matrices is meant, none of them empty."""
    fits = a.ndim == b.ndim == out.ndim == 2 and a.shape[1] == b.shape[0] and out.shape == (len(a), b.shape[1])
    return fits and a.dtype == b.dtype == out.dtype and a.dtype.char in "fd" and bool(a.size and b.size)


def of_product(a: Array, b: Array, out: Array) -> tuple[Sequence[int], Steps]:
    """Return (m, k, n) and the steps of each matrix along them."""
    steps = ((*a.strides, 0), (0, *b.strides), (out.strides[0], 0, out.strides[1]))
    return (*a.shape, b.shape[1]), steps


def overlap(a: Any, b: Array) -> bool:
    """Tell whether an operand may share memory with an array."""
    return isinstance(a, np.ndarray) and np.may_share_memory(a, b)


def same_place(a: Array, out: Array) -> bool:
    """Tell whether the entries of two arrays are the same places of memory."""
    same = a.ctypes.data == out.ctypes.data and a.shape == out.shape and a.dtype.itemsize == out.dtype.itemsize
    return bool(same and a.strides == out.strides)


def loops(operands: Sequence[Array]) -> tuple[Sequence[int], Steps] | None:
    """Return the sizes of at most two axes, the inner one first, and every operand's steps along them.

    Operands are broadcast to the shape of the last. Axes that follow one another in every operand become one. None if
    more than two are left.
    """
    shape = operands[-1].shape
    try:
        views = [np.broadcast_to(a, shape) for a in operands]
    except ValueError:
        return None
    axes = [(n, [view.strides[axis] for view in views]) for axis, n in enumerate(shape) if n > 1]
    axes.sort(key=lambda axis: [abs(step) for step in reversed(axis[1])])
    merged: list[tuple[int, list[int]]] = []
    for n, steps in axes:
        if merged and all(step == below * merged[-1][0] for step, below in zip(steps, merged[-1][1], strict=True)):
            merged[-1] = (merged[-1][0] * n, merged[-1][1])
        else:
            merged.append((n, steps))
    if len(merged) > 2:
        return None
    merged += [(1, [0] * len(views))] * (2 - len(merged))
    return [n for n, _ in merged], list(zip(*(steps for _, steps in merged), strict=True))
