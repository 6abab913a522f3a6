"""The penalty on the weights, a part of the reported and differentiated cost. Knows nothing of layers or losses."""

from dataclasses import dataclass

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import NonNegative
from nntrain.core.types import Array


@dataclass(frozen=True, slots=True)
class Penalty:
    """l1 Σ|w| + l2/2 Σ w², over weights and not over biases.

    At w = 0 the subgradient of |w| is 0.
    """

    l1: NonNegative = 0.0
    l2: NonNegative = 0.0

    __pydantic_config__ = {"extra": "forbid"}

    def __bool__(self) -> bool:
        return self.l1 > 0 or self.l2 > 0

    @property
    def smooth(self) -> bool:
        """Whether its gradient jumps nowhere."""
        return self.l1 == 0

    def value(self, w: Array) -> float:
        """Return the penalty of the weights ``w`` (P_w,)."""
        return self.l1 * float(np.sum(np.abs(w))) + self.l2 / 2 * float(np.vdot(w, w))

    def expression(self, weights: str) -> str:
        """Return the penalty of a matrix of this name as a formula that ``nntrain.graph`` reads."""
        l1, l2 = f"{self.l1!r} * sum(abs({weights}))", f"{self.l2 / 2!r} * sum({weights} ** 2)"
        return " + ".join(term for rate, term in ((self.l1, l1), (self.l2, l2)) if rate) or "0"

    def bind(self, do: Calls, w: Array, dw: Array, total: Array, scratch: Array) -> None:
        """Record ``dw += ∂penalty/∂w`` and ``total = penalty``; w, dw, scratch (P_w,), total (2,)."""
        if self.l1:
            do(np.abs, w, out=scratch)
            do(np.add.reduce, scratch, 0, None, total[0:1].reshape(()))
            do(np.multiply, total[0:1], self.l1, out=total[0:1])  # l1 Σ|w|
            do(np.sign, w, out=scratch)
            do(np.multiply, scratch, self.l1, out=scratch)
            do(np.add, dw, scratch, out=dw)  # dw += l1 sign(w)
        if self.l2:
            do(np.dot, w, w, out=total[1:2].reshape(()))
            do(np.multiply, total[1:2], self.l2 / 2, out=total[1:2])  # l2/2 Σ w²
            do(np.multiply, w, self.l2, out=scratch)
            do(np.add, dw, scratch, out=dw)  # dw += l2 w
