"""Descent with an estimate of the curvature from the steps so far. Knows nothing of layers or costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Le

from nntrain.core.fields import Count, NonNegative, Positive
from nntrain.core.types import Array
from nntrain.ops.optimizers.base import OPTIMIZERS, Optimizer, Slots


@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class Lbfgs(Optimizer):
    """Limited-memory BFGS on all rows at once, with a line search in training (Liu & Nocedal 1989).

    H is the product of the last ``memory`` pairs of a step s and the change y of the gradient along it. Training looks
    for the length of each step, beginning with ``lr``, until both Wolfe conditions hold (Nocedal & Wright 2006, 3.1).
    It ends where no step lowers cost or gradient any more, or where ‖∇J‖ ≤ ``tolerance``.
    """

    kind: Literal["lbfgs"] = "lbfgs"
    formula: ClassVar[str] = "θ ← θ − ε H g,  H ≈ (∇²J)⁻¹ of the last m steps"
    searches: ClassVar[bool] = True
    lr: Positive = 1.0
    memory: Annotated[Count, Le(1000)] = 10
    tolerance: NonNegative = 0.0

    @property
    def slots(self) -> Sequence[str]:
        places = range(self.memory)
        return ("theta", "gradient", *(f"s{k}" for k in places), *(f"y{k}" for k in places))

    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        d, slots = self.direction(theta, g, s, step=step)
        return theta + np.asarray(lr, theta.dtype) * d, slots

    def direction(self, theta: Array, g: Array, s: Slots, *, step: int) -> tuple[Array, Slots]:
        """Return d = −H g (P,) at theta, where the gradient is g, and the slots with the last step in them.

        The first direction has at most length 1; a step along which the gradient has not grown is not learned from.
        """
        slots = {**s, "theta": theta.copy(), "gradient": g.copy()}
        if step > 1:
            place = (step - 2) % self.memory
            slots[f"s{place}"], slots[f"y{place}"] = theta - s["theta"], g - s["gradient"]
        pairs, d = list(self._pairs(slots, step)), -g
        if not pairs:
            return d / max(1.0, float(np.abs(g).sum())), slots
        shares = []
        for s_k, y_k, rho in pairs:  # the newest first
            share = rho * s_k.dot(d)
            d -= share * y_k
            shares.append(share)
        newest = pairs[0][1]
        d /= pairs[0][2] * newest.dot(newest)  # H₀ = sᵀy / yᵀy of the newest
        for (s_k, y_k, rho), share in zip(reversed(pairs), reversed(shares), strict=True):
            d += (share - rho * y_k.dot(d)) * s_k
        return d, slots

    def _pairs(self, slots: Slots, step: int) -> Iterator[tuple[Array, Array, Array]]:
        """Yield s, y and 1/sᵀy of the last steps, the newest first."""
        for k in range(step - 2, max(-1, step - 2 - self.memory), -1):
            s, y = slots[f"s{k % self.memory}"], slots[f"y{k % self.memory}"]
            along, least = s.dot(y), np.finfo(y.dtype).eps * y.dot(y)
            if along > least and np.isfinite(1 / along):
                yield s, y, 1 / along
