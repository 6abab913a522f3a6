"""Elementwise activations: h = f(z).

An entry states its equation twice at most: ``f`` and ``df`` are the formulas on whole arrays and suffice for a new
activation; ``forward`` and ``backward`` may be overridden with the same mathematics in place, without temporaries, and
the tests hold both equal. Knows nothing of layers with weights; units with parameters are in ``units``.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.ops.activations.base import ACTIVATIONS, Elementwise
from nntrain.ops.stable import sigmoid, sigmoid_of


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Identity(Elementwise):
    """No activation: layers in a row collapse to one linear map."""

    kind: Literal["identity"] = "identity"
    formula: ClassVar[str] = "h = z"
    reads_z: ClassVar[bool] = False

    def f(self, z: Array) -> Array:
        return z

    def df(self, z: Array) -> Array:
        return np.ones_like(z)

    def expression(self) -> str:
        return "z"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        pass

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        pass


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Sigmoid(Elementwise):
    """Logistic function, saturating at 0 and 1."""

    kind: Literal["sigmoid"] = "sigmoid"
    formula: ClassVar[str] = "h = σ(z) = 1 / (1 + e⁻ᶻ)"
    reads_z: ClassVar[bool] = False

    def f(self, z: Array) -> Array:
        return sigmoid_of(z)

    def df(self, z: Array) -> Array:
        return sigmoid_of(z) * sigmoid_of(-z)  # σ(z) (1 − σ(z)), and 1 − σ(z) = σ(−z)

    def expression(self) -> str:
        return "sigmoid(z)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        sigmoid(do, z, out=h)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.multiply, d, h, out=d)  # d h
        do(np.subtract, 1.0, h, out=h)  # 1 − h
        do(np.multiply, d, h, out=d)  # d h (1 − h)


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Tanh(Elementwise):
    """Hyperbolic tangent, saturating at −1 and 1."""

    kind: Literal["tanh"] = "tanh"
    formula: ClassVar[str] = "h = tanh(z) = 2σ(2z) − 1"
    reads_z: ClassVar[bool] = False

    def f(self, z: Array) -> Array:
        return np.tanh(z)

    def df(self, z: Array) -> Array:
        h = np.tanh(z)
        return 1 - h * h

    def expression(self) -> str:
        return "tanh(z)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.tanh, z, out=h)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.multiply, h, h, out=h)  # h²
        do(np.subtract, 1.0, h, out=h)  # 1 − h²
        do(np.multiply, d, h, out=d)  # d (1 − h²)
