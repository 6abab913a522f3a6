"""Optimizers: θ ← θ − ε · direction, each written for one flat vector.

``bind`` records the in-place calls of one update on given vectors; state lives in ``slots``, vectors of the length of
theta that the caller keeps and stores. What changes from step to step enters as ``rates``: 0-d arrays that the caller
sets to ``coefficients(step, lr)`` before the calls run. Knows nothing of layers or costs.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import Flag, Fraction, NonNegative, Positive
from nntrain.core.registry import Registry
from nntrain.core.types import Array

Slots = Mapping[str, Array]
Rates = Sequence[Array]


class Optimizer(ABC):
    """One update rule. ``slots`` names its state vectors, which start at zero."""

    formula: ClassVar[str] = ""
    per_step: ClassVar[bool] = False  # whether the coefficients change with the step at a constant rate
    lr: float

    @property
    def slots(self) -> Sequence[str]:
        """Names of the state vectors, each of the length of theta."""
        return ()

    @property
    def folds(self) -> bool:
        """Whether the update is θ ← θ − ε g and nothing else, so that ε may be folded into the gradient's scale."""
        return False

    def coefficients(self, step: int, lr: float) -> Sequence[float]:
        """Return the numbers that the calls of 1-based step ``step`` use, for learning rate ``lr``."""
        return (lr,)

    @abstractmethod
    def bind(self, do: Calls, theta: Array, g: Array, s: Slots, rates: Rates, t: Array) -> None:
        """Record theta ← update, in place; theta, g, each slot and the scratch t (P,); g is free to be overwritten."""


OPTIMIZERS: Registry[Optimizer] = Registry("optimizers", "optimizer")


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class Sgd(Optimizer):
    """Stochastic gradient descent, with classical or Nesterov momentum (Sutskever et al. 2013)."""

    kind: Literal["sgd"] = "sgd"
    formula: ClassVar[str] = "v ← μv + g;  θ ← θ − εv  (Nesterov: θ ← θ − ε(g + μv))"
    lr: Positive = 0.1
    momentum: Fraction = 0.0
    nesterov: Flag = False

    @property
    def slots(self) -> Sequence[str]:
        return ("velocity",) if self.momentum else ()

    @property
    def folds(self) -> bool:
        return not self.momentum

    def bind(self, do: Calls, theta: Array, g: Array, s: Slots, rates: Rates, t: Array) -> None:
        (lr,) = rates
        if not self.momentum:
            do(np.multiply, g, lr, out=g)
            do(np.subtract, theta, g, out=theta)  # θ ← θ − ε g
            return
        v = s["velocity"]
        do(np.multiply, v, self.momentum, out=v)
        do(np.add, v, g, out=v)  # v ← μ v + g
        if self.nesterov:
            do(np.multiply, v, self.momentum, out=t)
            do(np.add, g, t, out=g)  # g + μ v
            do(np.multiply, g, lr, out=g)
        else:
            do(np.multiply, v, lr, out=g)
        do(np.subtract, theta, g, out=theta)  # θ ← θ − ε v


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class AdaGrad(Optimizer):
    """A rate for each parameter that falls with its summed squared gradients (Duchi et al. 2011)."""

    kind: Literal["adagrad"] = "adagrad"
    formula: ClassVar[str] = "s ← s + g²;  θ ← θ − ε g / (√s + δ)"
    lr: Positive = 0.01
    eps: Positive = 1e-10

    @property
    def slots(self) -> Sequence[str]:
        return ("squares",)

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
    lr: Positive = 0.01
    rho: Fraction = 0.99
    eps: Positive = 1e-8

    @property
    def slots(self) -> Sequence[str]:
        return ("squares",)

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

    The slots hold m/(1 − β₁) and v/(1 − β₂), which saves two passes a step; the coefficients bring the factors back.
    """

    kind: Literal["adam"] = "adam"
    formula: ClassVar[str] = "m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − ε m̂ / (√v̂ + δ)"
    per_step: ClassVar[bool] = True
    lr: Positive = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: Positive = 1e-8

    @property
    def slots(self) -> Sequence[str]:
        return ("m", "v")

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
