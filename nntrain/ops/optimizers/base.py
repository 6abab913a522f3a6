"""What an optimizer is: θ ← θ − ε · direction, written for one flat vector of parameters.

``update`` is the published rule on whole arrays and suffices for a new optimizer; ``bind`` may be overridden with the
same mathematics in place, without temporaries, and the tests hold both equal. State lives in ``slots``: vectors of the
length of theta, which the caller keeps and stores. What changes from step to step enters as ``rates``: 0-d arrays that
the caller sets to ``coefficients(step, lr)`` before the calls run. Knows nothing of layers or costs.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.registry import Registry
from nntrain.core.types import Array

Slots = Mapping[str, Array]
Rates = Sequence[Array]


class Optimizer(ABC):
    """One update rule. ``slots`` names its state vectors, which start at zero."""

    formula: ClassVar[str] = ""
    searches: ClassVar[bool] = False  # whether training looks for the length of each step, on all rows at once
    per_step: ClassVar[bool] = True  # whether the coefficients change with the step at a constant rate
    lr: float

    @property
    def slots(self) -> Sequence[str]:
        """Names of the state vectors, each of the length of theta."""
        return ()

    @property
    def folds(self) -> bool:
        """Whether the update is θ ← θ − ε g and nothing else, so that ε may be folded into the gradient's scale."""
        return False

    @abstractmethod
    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        """Return the parameters and the slots after the 1-based step ``step``, as new arrays; all are (P,)."""

    def coefficients(self, step: int, lr: float) -> Sequence[float]:
        """Return the numbers that the calls of the 1-based step ``step`` use, for the learning rate ``lr``."""
        return (lr, step)

    def bind(self, do: Calls, theta: Array, g: Array, s: Slots, rates: Rates, t: Array) -> None:
        """Record the update of theta and of the slots, in place; theta, g, each slot and the scratch t are (P,).

        g is free to be overwritten. An override may keep other multiples in its slots than ``update`` does. This
        default calls ``update``.
        """
        lr, step = rates

        def run_update() -> None:
            after, slots = self.update(theta, g, s, step=int(step), lr=float(lr))
            for name, vector in s.items():
                np.copyto(vector, slots[name])
            np.copyto(theta, after)

        do(run_update)


OPTIMIZERS: Registry[Optimizer] = Registry("optimizers", "optimizer")
