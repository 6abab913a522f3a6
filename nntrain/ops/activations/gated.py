"""Activations that pass z through a smooth gate: h = z · gate(z). Knows nothing of layers with weights."""

from dataclasses import dataclass
from math import pi, sqrt
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.ops.activations.base import ACTIVATIONS, Elementwise
from nntrain.ops.stable import sigmoid, sigmoid_of, softplus, softplus_of

ROOT, CUBIC = sqrt(2 / pi), 0.044715  # the constants of gelu


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Silu(Elementwise):
    """Sigmoid-weighted linear unit, also called swish (Elfwing et al. 2018)."""

    kind: Literal["silu"] = "silu"
    formula: ClassVar[str] = "h = z σ(z)"
    rectified: ClassVar[bool] = True
    scratch: ClassVar[bool] = True

    def f(self, z: Array) -> Array:
        return z * sigmoid_of(z)

    def df(self, z: Array) -> Array:
        a = sigmoid_of(z)
        return a * (1 + z * (1 - a))

    def expression(self) -> str:
        return "z * sigmoid(z)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        sigmoid(do, z, out=s)
        do(np.multiply, z, s, out=h)  # z σ(z)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.multiply, h, s, out=z)  # h σ
        do(np.subtract, h, z, out=h)  # h − h σ
        do(np.add, h, s, out=h)  # f′ = σ + h (1 − σ)
        do(np.multiply, d, h, out=d)


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Gelu(Elementwise):
    """Gaussian error linear unit in its tanh form (Hendrycks & Gimpel 2016)."""

    kind: Literal["gelu"] = "gelu"
    formula: ClassVar[str] = "h = z/2 (1 + tanh(√(2/π) (z + 0.044715 z³)))"
    rectified: ClassVar[bool] = True
    scratch: ClassVar[bool] = True

    def f(self, z: Array) -> Array:
        return z / 2 * (1 + np.tanh(ROOT * (z + CUBIC * z * z * z)))

    def df(self, z: Array) -> Array:
        t = np.tanh(ROOT * (z + CUBIC * z * z * z))
        return (1 + t) / 2 + z / 2 * (1 - t * t) * ROOT * (1 + 3 * CUBIC * z * z)

    def expression(self) -> str:
        return f"z / 2 * (1 + tanh({ROOT} * (z + {CUBIC} * z ** 3)))"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.multiply, z, z, out=s)
        do(np.multiply, s, ROOT * CUBIC, out=s)
        do(np.add, s, ROOT, out=s)
        do(np.multiply, s, z, out=s)  # u = √(2/π) (z + 0.044715 z³)
        do(np.tanh, s, out=s)  # t = tanh u
        do(np.add, s, 1.0, out=h)
        do(np.multiply, h, z, out=h)
        do(np.multiply, h, 0.5, out=h)  # h = z/2 (1 + t)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.multiply, z, z, out=h)
        do(np.multiply, h, 3 * ROOT * CUBIC, out=h)
        do(np.add, h, ROOT, out=h)
        do(np.multiply, h, z, out=h)  # z u′
        do(np.multiply, s, s, out=z)
        do(np.subtract, 1.0, z, out=z)
        do(np.multiply, h, z, out=h)  # z u′ (1 − t²)
        do(np.add, h, s, out=h)
        do(np.add, h, 1.0, out=h)
        do(np.multiply, h, 0.5, out=h)  # f′ = (1 + t + z u′ (1 − t²)) / 2
        do(np.multiply, d, h, out=d)


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Mish(Elementwise):
    """Like silu, with the gate tanh(softplus(z)) (Misra 2020)."""

    kind: Literal["mish"] = "mish"
    formula: ClassVar[str] = "h = z tanh(log(1 + eᶻ))"
    rectified: ClassVar[bool] = True
    scratch: ClassVar[bool] = True

    def f(self, z: Array) -> Array:
        return z * np.tanh(softplus_of(z))

    def df(self, z: Array) -> Array:
        t = np.tanh(softplus_of(z))
        return t + z * sigmoid_of(z) * (1 - t * t)

    def expression(self) -> str:
        return "z * tanh(softplus(z))"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        softplus(do, z, s, out=h)
        do(np.tanh, h, out=s)  # t = tanh(log(1 + eᶻ))
        do(np.multiply, z, s, out=h)  # z t

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        sigmoid(do, z, out=h)
        do(np.multiply, h, z, out=h)  # z σ(z)
        do(np.multiply, s, s, out=z)
        do(np.subtract, 1.0, z, out=z)
        do(np.multiply, h, z, out=h)  # z σ(z) (1 − t²)
        do(np.add, h, s, out=h)  # f′ = t + z σ(z) (1 − t²)
        do(np.multiply, d, h, out=d)
