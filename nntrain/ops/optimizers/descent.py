"""Gradient descent, plain and with momentum. Knows nothing of layers or costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import Flag, Fraction, Positive
from nntrain.core.types import Array
from nntrain.ops.optimizers.base import OPTIMIZERS, Optimizer, Rates, Slots


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class Sgd(Optimizer):
    """Stochastic gradient descent, with classical or Nesterov momentum (Sutskever et al. 2013)."""

    kind: Literal["sgd"] = "sgd"
    formula: ClassVar[str] = "v ← μv + g;  θ ← θ − εv  (Nesterov: θ ← θ − ε(g + μv))"
    per_step: ClassVar[bool] = False
    lr: Positive = 0.1
    momentum: Fraction = 0.0
    nesterov: Flag = False

    @property
    def slots(self) -> Sequence[str]:
        return ("velocity",) if self.momentum else ()

    @property
    def folds(self) -> bool:
        return not self.momentum

    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        if not self.momentum:
            return theta - lr * g, {}
        v = self.momentum * s["velocity"] + g
        return theta - lr * (g + self.momentum * v if self.nesterov else v), {"velocity": v}

    def coefficients(self, step: int, lr: float) -> Sequence[float]:
        return (lr,)

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
