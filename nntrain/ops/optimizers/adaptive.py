"""Optimizers with a rate for each parameter, which its own gradients set. Knows nothing of layers or costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import Fraction, NonNegative, Positive
from nntrain.core.types import Array
from nntrain.ops.optimizers.base import OPTIMIZERS, Optimizer, Rates, Slots


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class AdaGrad(Optimizer):
    """A rate for each parameter that falls with its summed squared gradients (Duchi et al. 2011)."""

    kind: Literal["adagrad"] = "adagrad"
    formula: ClassVar[str] = "s ← s + g²;  θ ← θ − ε g / (√s + δ)"
    per_step: ClassVar[bool] = False
    lr: Positive = 0.01
    eps: Positive = 1e-10

    @property
    def slots(self) -> Sequence[str]:
        return ("squares",)

    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        squares = s["squares"] + g * g
        return theta - lr * g / (np.sqrt(squares) + self.eps), {"squares": squares}

    def coefficients(self, step: int, lr: float) -> Sequence[float]:
        return (lr,)

    def bind(self, do: Calls, theta: Array, g: Array, s: Slots, rates: Rates, t: Array) -> None:
        do(np.multiply, g, g, out=t)
        do(np.add, s["squares"], t, out=s["squares"])  # s ← s + g²
        _scaled_step(do, theta, g, s["squares"], rates[0], self.eps, t)


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class RmsProp(Optimizer):
    """A rate for each parameter from a running mean of its squared gradients (Tieleman & Hinton 2012)."""

    kind: Literal["rmsprop"] = "rmsprop"
    formula: ClassVar[str] = "s ← ρs + (1 − ρ)g²;  θ ← θ − ε g / (√s + δ)"
    per_step: ClassVar[bool] = False
    lr: Positive = 0.01
    rho: Fraction = 0.99
    eps: Positive = 1e-8

    @property
    def slots(self) -> Sequence[str]:
        return ("squares",)

    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        squares = self.rho * s["squares"] + (1 - self.rho) * (g * g)
        return theta - lr * g / (np.sqrt(squares) + self.eps), {"squares": squares}

    def coefficients(self, step: int, lr: float) -> Sequence[float]:
        return (lr,)

    def bind(self, do: Calls, theta: Array, g: Array, s: Slots, rates: Rates, t: Array) -> None:
        do(np.multiply, g, g, out=t)
        do(np.multiply, t, 1 - self.rho, out=t)
        do(np.multiply, s["squares"], self.rho, out=s["squares"])
        do(np.add, s["squares"], t, out=s["squares"])  # s ← ρ s + (1 − ρ) g²
        _scaled_step(do, theta, g, s["squares"], rates[0], self.eps, t)


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class Adam(Optimizer):
    """Momentum and a rate for each parameter, both corrected for their start at zero (Kingma & Ba 2015).

    The calls keep m/(1 − β₁) and v/(1 − β₂) in the slots, which saves two passes a step; the coefficients bring the
    factors back.
    """

    kind: Literal["adam"] = "adam"
    formula: ClassVar[str] = "m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − ε m̂ / (√v̂ + δ)"
    lr: Positive = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: Positive = 1e-8

    @property
    def slots(self) -> Sequence[str]:
        return ("m", "v")

    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        m = self.beta1 * s["m"] + (1 - self.beta1) * g
        v = self.beta2 * s["v"] + (1 - self.beta2) * (g * g)
        m_hat, v_hat = m / (1 - self.beta1**step), v / (1 - self.beta2**step)  # corrected for the start at zero
        return theta - lr * m_hat / (np.sqrt(v_hat) + self.eps), {"m": m, "v": v}

    def coefficients(self, step: int, lr: float) -> Sequence[float]:
        c1 = (1 - self.beta1) / (1 - self.beta1**step)  # m̂ = c1 · slot m
        c2 = sqrt((1 - self.beta2) / (1 - self.beta2**step))  # √v̂ = c2 · √slot v
        return (lr * c1 / c2, self.eps / c2)

    def bind(self, do: Calls, theta: Array, g: Array, s: Slots, rates: Rates, t: Array) -> None:
        m, v, (rate, eps) = s["m"], s["v"], rates
        do(np.multiply, m, self.beta1, out=m)
        do(np.add, m, g, out=m)  # m ← β₁ m + g
        do(np.multiply, g, g, out=g)
        do(np.multiply, v, self.beta2, out=v)
        do(np.add, v, g, out=v)  # v ← β₂ v + g²
        do(np.sqrt, v, out=g)
        do(np.add, g, eps, out=g)
        do(np.divide, m, g, out=g)
        do(np.multiply, g, rate, out=g)
        do(np.subtract, theta, g, out=theta)  # θ ← θ − ε m̂ / (√v̂ + δ)


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, on every parameter (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"  # type: ignore[assignment]  # a kind of its own
    formula: ClassVar[str] = "θ ← (1 − ελ)θ, then as adam"
    decay: NonNegative = 0.01

    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        return Adam.update(self, (1 - lr * self.decay) * theta, g, s, step=step, lr=lr)

    def coefficients(self, step: int, lr: float) -> Sequence[float]:
        rate, eps = Adam.coefficients(self, step, lr)
        return (rate, eps, 1 - lr * self.decay)

    def bind(self, do: Calls, theta: Array, g: Array, s: Slots, rates: Rates, t: Array) -> None:
        do(np.multiply, theta, rates[2], out=theta)  # θ ← (1 − ε λ) θ
        Adam.bind(self, do, theta, g, s, rates[:2], t)


def _scaled_step(do: Calls, theta: Array, g: Array, squares: Array, lr: Array, eps: float, t: Array) -> None:
    do(np.sqrt, squares, out=t)
    do(np.add, t, eps, out=t)
    do(np.divide, g, t, out=g)
    do(np.multiply, g, lr, out=g)
    do(np.subtract, theta, g, out=theta)  # θ ← θ − ε g / (√s + δ)
