"""The ReLU and its relatives: h = f(z), about z above 0 and about flat below.

They state their equations as the activations of ``elementwise`` do. Knows nothing of layers with weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import Fraction, Positive
from nntrain.core.types import Array
from nntrain.ops.activations.base import ACTIVATIONS, Elementwise
from nntrain.ops.stable import sigmoid_of, softplus, softplus_of

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772  # of selu: mean 0 and variance 1 are a fixed point


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Relu(Elementwise):
    """Rectified linear unit; the subgradient at 0 is 0 (Nair & Hinton 2010)."""

    kind: Literal["relu"] = "relu"
    formula: ClassVar[str] = "h = max(0, z)"
    kinks: ClassVar[Sequence[float]] = (0.0,)
    rectified: ClassVar[bool] = True
    reads_z: ClassVar[bool] = False

    def f(self, z: Array) -> Array:
        return np.maximum(z, 0)

    def df(self, z: Array) -> Array:
        return np.where(z > 0, 1, 0).astype(z.dtype)

    def expression(self) -> str:
        return "relu(z)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.maximum, z, 0.0, out=h)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        bits = np.dtype(f"i{h.itemsize}")  # a float ≥ 0 is 0 exactly when its bits are 0, so f′ = min(bits, 1)
        h_bits, d_bits = h.view(bits), d.view(bits)
        do(np.minimum, h_bits, 1, out=h_bits)  # f′ = 1 if h > 0 else 0
        do(np.multiply, d_bits, h_bits, out=d_bits)  # d f′, the bits of d kept or cleared


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Softplus(Elementwise):
    """Smooth ReLU (Dugas et al. 2001)."""

    kind: Literal["softplus"] = "softplus"
    formula: ClassVar[str] = "h = log(1 + eᶻ)"
    rectified: ClassVar[bool] = True
    reads_z: ClassVar[bool] = False
    scratch: ClassVar[bool] = True

    def f(self, z: Array) -> Array:
        return softplus_of(z)

    def df(self, z: Array) -> Array:
        return sigmoid_of(z)

    def expression(self) -> str:
        return "softplus(z)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        softplus(do, z, s, out=h)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.negative, h, out=h)
        do(np.expm1, h, out=h)  # e⁻ʰ − 1 = −σ(z)
        do(np.negative, h, out=h)
        do(np.multiply, d, h, out=d)  # d σ(z)


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class LeakyRelu(Elementwise):
    """ReLU with a small slope below 0 (Maas et al. 2013)."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    formula: ClassVar[str] = "h = z if z > 0 else slope·z"
    kinks: ClassVar[Sequence[float]] = (0.0,)
    rectified: ClassVar[bool] = True
    reads_z: ClassVar[bool] = False
    scratch: ClassVar[bool] = True
    slope: Fraction = 0.01

    def f(self, z: Array) -> Array:
        return np.where(z > 0, z, self.slope * z).astype(z.dtype)

    def df(self, z: Array) -> Array:
        return np.where(z > 0, 1, self.slope).astype(z.dtype)

    def expression(self) -> str:
        return f"max({self.slope!r} * z, z)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.multiply, z, self.slope, out=s)
        do(np.maximum, z, s, out=h)  # max(z, slope z), as slope < 1

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.greater, h, 0.0, out=s)  # 1 where h > 0
        do(np.maximum, s, self.slope, out=s)  # f′ = 1 or slope
        do(np.multiply, d, s, out=d)


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Elu(Elementwise):
    """Exponential linear unit (Clevert et al. 2016)."""

    kind: Literal["elu"] = "elu"
    formula: ClassVar[str] = "h = z if z > 0 else α(eᶻ − 1)"
    kinks: ClassVar[Sequence[float]] = (0.0,)
    rectified: ClassVar[bool] = True
    scratch: ClassVar[bool] = True
    alpha: Positive = 1.0

    def f(self, z: Array) -> Array:
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0))).astype(z.dtype)

    def df(self, z: Array) -> Array:
        return np.where(z > 0, 1, self.alpha * np.exp(np.minimum(z, 0))).astype(z.dtype)

    def expression(self) -> str:
        return f"max(0, z) + {self.alpha!r} * (exp(min(z, 0)) - 1)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.minimum, z, 0.0, out=s)
        do(np.expm1, s, out=s)
        do(np.multiply, s, self.alpha, out=s)  # α(eᶻ − 1) below 0, and 0 above
        do(np.maximum, z, 0.0, out=h)
        do(np.add, h, s, out=h)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.minimum, z, 0.0, out=s)
        do(np.exp, s, out=s)
        do(np.multiply, s, self.alpha, out=s)  # α eᶻ below 0, and α above
        if self.alpha != 1:
            do(np.greater, z, 0.0, out=h)
            do(np.multiply, h, 1 - self.alpha, out=h)
            do(np.add, s, h, out=s)  # and 1 above
        do(np.multiply, d, s, out=d)


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Selu(Elementwise):
    """Scaled elu that keeps mean 0 and variance 1 from layer to layer, from ``init: lecun_normal`` (Klambauer 2017)."""

    kind: Literal["selu"] = "selu"
    formula: ClassVar[str] = "h = λz if z > 0 else λα(eᶻ − 1), λ = 1.0507, α = 1.6733"
    kinks: ClassVar[Sequence[float]] = (0.0,)
    scratch: ClassVar[bool] = True

    def f(self, z: Array) -> Array:
        return np.where(z > 0, SCALE * z, SCALE * ALPHA * np.expm1(np.minimum(z, 0))).astype(z.dtype)

    def df(self, z: Array) -> Array:
        return np.where(z > 0, SCALE, SCALE * ALPHA * np.exp(np.minimum(z, 0))).astype(z.dtype)

    def expression(self) -> str:
        return f"{SCALE} * max(0, z) + {SCALE * ALPHA} * (exp(min(z, 0)) - 1)"

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        do(np.minimum, z, 0.0, out=s)
        do(np.expm1, s, out=s)
        do(np.multiply, s, SCALE * ALPHA, out=s)  # λα(eᶻ − 1) below 0, and 0 above
        do(np.maximum, z, 0.0, out=h)
        do(np.multiply, h, SCALE, out=h)
        do(np.add, h, s, out=h)

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        do(np.minimum, z, 0.0, out=s)
        do(np.exp, s, out=s)
        do(np.multiply, s, SCALE * ALPHA, out=s)  # λα eᶻ below 0, and λα above
        do(np.greater, z, 0.0, out=h)
        do(np.multiply, h, SCALE - SCALE * ALPHA, out=h)
        do(np.add, s, h, out=s)  # and λ above
        do(np.multiply, d, s, out=d)
