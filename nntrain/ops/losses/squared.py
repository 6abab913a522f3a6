"""Costs of the difference between prediction and target: its square, its size, and Huber's cost. Knows no layers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import RARE, Flag, Positive
from nntrain.core.terms import Terms
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace, flat
from nntrain.ops.losses.base import LOSSES, BindGradient, PerOutput, ReadCost, Scale
from nntrain.ops.stable import sigmoid, sigmoid_of

_ANY: Sequence[Task] = ("regression", "reconstruction", "classification", "multilabel")


class _OnTargets(PerOutput):
    """Losses on numbers: two classes are one output with target 0 or 1, several are one-hot."""

    tasks: ClassVar[Sequence[Task]] = _ANY
    threshold: ClassVar[float] = 0.5

    def width(self, n_classes: int, n_targets: int) -> int:
        return 1 if n_classes == 2 else n_classes or n_targets


@dataclass(frozen=True, slots=True)
class _Squared(_OnTargets):
    """Losses that square: with ``half`` the cost is ½‖·‖², and the 2 of its derivative is gone."""

    half: Flag = field(default=False, metadata=RARE)

    @property
    def factor(self) -> float:
        """What a square is multiplied by."""
        return 0.5 if self.half else 1.0

    def halved(self, text: str) -> str:
        """Return the formula of the cost from that without ``half``."""
        return f"{text} / 2" if self.half else text


@LOSSES.register
@dataclass(frozen=True, slots=True)
class Mse(_Squared):
    """Linear output with squared error (Gaussian likelihood), averaged over examples and outputs."""

    kind: Literal["mse"] = "mse"
    formula: ClassVar[str] = "mean_ij (z_ij − t_ij)²"

    def cost(self, z: Array, t: Array) -> Array:
        return self.factor * self.over_outputs((z - t) ** 2)

    def gradient(self, z: Array, t: Array) -> Array:
        return 2 * self.factor * (z - t) / self.divisor(z)

    def expression(self, width: int) -> str:
        return self.halved(self.outputs_of("(z - t) ** 2", width))

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        total = ws.scalar()

        do(np.subtract, z, t, out=z)  # r = z − t
        do(flat(z).dot, flat(z), out=total)  # Σ r²

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.multiply, z, scale(2 * self.factor / self.divisor(z)), out=z)  # δ = 2 r / (n c), halved with half

        return Terms(((self.factor, total),), self.divisor(z)), gradient


@LOSSES.register
@dataclass(frozen=True, slots=True)
class SigmoidMse(_Squared):
    """Sigmoid output with squared error, averaged over examples and outputs; here to show how it saturates."""

    kind: Literal["sigmoid_mse"] = "sigmoid_mse"
    formula: ClassVar[str] = "mean_ij (σ(z_ij) − t_ij)²"
    convex: ClassVar[bool] = False
    threshold: ClassVar[float] = 0.0

    def link(self, z: Array) -> Array:
        return sigmoid_of(z)

    def predict(self, do: Calls, z: Array, out: Array) -> None:
        sigmoid(do, z, out=out)

    def cost(self, z: Array, t: Array) -> Array:
        return self.factor * self.over_outputs((sigmoid_of(z) - t) ** 2)

    def gradient(self, z: Array, t: Array) -> Array:
        p = sigmoid_of(z)
        return 2 * self.factor * (p - t) * p * sigmoid_of(-z) / self.divisor(z)

    def expression(self, width: int) -> str:
        return self.halved(self.outputs_of("(sigmoid(z) - t) ** 2", width))

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        r, total = ws.like(z), ws.scalar()

        sigmoid(do, z, out=z)  # p = σ(z)
        do(np.subtract, z, t, out=r)  # r = p − t
        do(flat(r).dot, flat(r), out=total)  # Σ r²

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.multiply, r, z, out=r)  # r p
            do(np.subtract, 1.0, z, out=z)
            do(np.multiply, z, r, out=z)  # r p (1 − p)
            do(np.multiply, z, scale(2 * self.factor / self.divisor(z)), out=z)

        return Terms(((self.factor, total),), self.divisor(z)), gradient


@LOSSES.register
@dataclass(frozen=True, slots=True)
class Huber(_OnTargets):
    """Squared error near the target, absolute error beyond δ (Huber 1964), averaged over examples and outputs."""

    kind: Literal["huber"] = "huber"
    formula: ClassVar[str] = "mean_ij r²/2 if |r| ≤ δ else δ(|r| − δ/2), r = z_ij − t_ij"
    kinked: ClassVar[bool] = True
    delta: Positive = 1.0

    def cost(self, z: Array, t: Array) -> Array:
        r = np.abs(z - t)
        return self.over_outputs(np.where(r <= self.delta, r * r / 2, self.delta * (r - self.delta / 2)))

    def gradient(self, z: Array, t: Array) -> Array:
        return np.clip(z - t, -self.delta, self.delta) / self.divisor(z)

    def expression(self, width: int) -> str:
        cut = f"max(min(z - t, {self.delta!r}), -{self.delta!r})"
        return self.outputs_of(f"{cut} * (z - t) - {cut} ** 2 / 2", width)

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        r, cross, square = ws.like(z), ws.scalar(), ws.scalar()

        do(np.subtract, z, t, out=r)  # r = z − t
        do(np.minimum, r, self.delta, out=z)
        do(np.maximum, z, -self.delta, out=z)  # k = r cut to ±δ
        do(flat(z).dot, flat(r), out=cross)  # Σ k r
        do(flat(z).dot, flat(z), out=square)  # Σ k²

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.multiply, z, scale(1 / self.divisor(z)), out=z)  # δ = k / (n c)

        return Terms(((1.0, cross), (-0.5, square)), self.divisor(z)), gradient  # k r − k²/2, on both sides of δ


@LOSSES.register
@dataclass(frozen=True, slots=True)
class Mae(_OnTargets):
    """Absolute error (Laplace likelihood), averaged over examples and outputs; the best constant is the median."""

    kind: Literal["mae"] = "mae"
    formula: ClassVar[str] = "mean_ij |z_ij − t_ij|"
    kinked: ClassVar[bool] = True
    smooth: ClassVar[bool] = False

    def cost(self, z: Array, t: Array) -> Array:
        return self.over_outputs(np.abs(z - t))

    def gradient(self, z: Array, t: Array) -> Array:
        return np.sign(z - t) / self.divisor(z)

    def expression(self, width: int) -> str:
        return self.outputs_of("abs(z - t)", width)

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        signs, total = ws.like(z), ws.scalar()

        do(np.subtract, z, t, out=z)  # r = z − t
        do(np.sign, z, out=signs)
        do(flat(z).dot, flat(signs), out=total)  # Σ |r| = Σ r sign(r)

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.multiply, signs, scale(1 / self.divisor(z)), out=z)  # δ = sign(r) / (n c)

        return Terms(((1.0, total),), self.divisor(z)), gradient
