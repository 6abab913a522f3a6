"""Sigmoid and softplus without overflow, for activations and losses. Knows nothing of either."""

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.types import Array

FEW = 64  # entries up to which one slow call beats several fast ones


def sigmoid(do: Calls, z: Array, *, out: Array) -> None:
    """Record out = 1 / (1 + e⁻ᶻ), with e⁻ᶻ capped just below overflow, where the result is as good as 0."""
    cap = float(np.floor(np.log(np.finfo(z.dtype).max)))
    do(np.negative, z, out=out)
    do(np.minimum, out, cap, out=out)
    do(np.exp, out, out=out)  # e⁻ᶻ
    do(np.add, out, 1.0, out=out)
    do(np.reciprocal, out, out=out)


def softplus(do: Calls, z: Array, s: Array, *, out: Array) -> None:
    """Record out = log(1 + eᶻ) = max(z, 0) + log(1 + e^−|z|), with scratch s; out may be z."""
    if z.size <= FEW:
        do(np.logaddexp, z, 0.0, out=out)
        return
    do(np.abs, z, out=s)
    do(np.negative, s, out=s)
    do(np.exp, s, out=s)
    do(np.log1p, s, out=s)  # log(1 + e^−|z|)
    do(np.maximum, z, 0.0, out=out)
    do(np.add, out, s, out=out)


def sigmoid_of(z: Array) -> Array:
    """Return σ(z), any shape, right to the last digits on both sides."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softplus_of(z: Array) -> Array:
    """Return log(1 + eᶻ), any shape."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
