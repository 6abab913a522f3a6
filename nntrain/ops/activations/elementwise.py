"""Elementwise activations: h = f(z).

An entry states its equation twice at most: ``f`` and ``df`` are the formulas on whole arrays and suffice for a new
activation; ``forward`` and ``backward`` may be overridden with the same mathematics in place, without temporaries, and
the tests hold both equal. Knows nothing of layers with weights; units with parameters are in ``units``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import Positive
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


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Softsign(Elementwise):
    """Saturates at −1 and 1 more slowly than tanh (Bergstra et al. 2009)."""

    kind: Literal["softsign"] = "softsign"
    formula: ClassVar[str] = "h = z / (1 + |z|)"
    kinks: ClassVar[Sequence[float]] = (0.0,)  # f′ is continuous here, but its slope jumps from 2 to −2
    reads_z: ClassVar[bool] = False
    scratch: ClassVar[bool] = True

    def f(self, z: Array) -> Array:
        return z / (1 + np.abs(z))

    def df(self, z: Array) -> Array:
        return 1 / (1 + np.abs(z)) ** 2

    def expression(self) -> str:
        return "z / (1 + abs(z))"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.abs, z, out=s)
        do(np.add, s, 1.0, out=s)
        do(np.divide, z, s, out=h)  # z / (1 + |z|)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.divide, d, s, out=d)
        do(np.divide, d, s, out=d)  # d / (1 + |z|)²


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class HardSigmoid(Elementwise):
    """Straight line from 0 at z = −reach to 1 at z = reach (Courbariaux et al. 2015, reach 1; Keras 2: 2.5)."""

    kind: Literal["hard_sigmoid"] = "hard_sigmoid"
    formula: ClassVar[str] = "h = max(0, min(1, z / (2 reach) + 1/2))"
    reads_z: ClassVar[bool] = False
    scratch: ClassVar[bool] = True
    reach: Positive = 3.0

    @property
    def kinks(self) -> Sequence[float]:  # type: ignore[override]  # they depend on the reach
        """The two ends of the line."""
        return (-self.reach, self.reach)

    def f(self, z: Array) -> Array:
        return np.minimum(np.maximum(z / (2 * self.reach) + 0.5, 0), 1)

    def df(self, z: Array) -> Array:
        h = self.f(z)
        return np.where((h > 0) & (h < 1), 1 / (2 * self.reach), 0).astype(z.dtype)

    def expression(self) -> str:
        return f"max(0, min(1, z / {2 * self.reach!r} + 0.5))"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.divide, z, 2 * self.reach, out=h)
        do(np.add, h, 0.5, out=h)
        do(np.maximum, h, 0.0, out=h)
        do(np.minimum, h, 1.0, out=h)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.greater, h, 0.0, out=s)
        do(np.less, h, 1.0, out=h)
        do(np.multiply, h, s, out=h)  # 1 on the line, 0 beyond its ends
        do(np.multiply, h, 1 / (2 * self.reach), out=h)
        do(np.multiply, d, h, out=d)
