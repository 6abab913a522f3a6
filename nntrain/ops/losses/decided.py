"""A loss whose decisions and probabilities were set after training: by a threshold and by a temperature.

Knows nothing of how the two are chosen.
"""

from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.ops.losses.base import Loss


@dataclass(frozen=True, slots=True)
class Decided(Loss):
    """A loss with probabilities link(z / T), which chooses the second of two classes if its lead is above ``margin``.

    The lead is the score itself where there is one, else z₂ − z₁; None: as the loss chooses. Costs stay those of
    training.
    """

    loss: Loss
    margin: float | None = None
    temperature: float = 1.0

    @property
    def gives_probabilities(self) -> bool:
        return self.loss.gives_probabilities

    @property
    def threshold(self) -> float:  # type: ignore[override]  # of an instance here
        return self.loss.threshold if self.margin is None else self.margin

    def link(self, z: Array) -> Array:
        return self.loss.link(z if self.temperature == 1 else z / self.temperature)

    def choose(self, z: Array) -> Array:
        return self.loss.choose(z) if self.margin is None else np.where(lead_of(z) > self.margin, 1, 0)

    def cost(self, z: Array, t: Array) -> Array:
        return self.loss.cost(z, t)

    def gradient(self, z: Array, t: Array) -> Array:
        return self.loss.gradient(z, t)


def lead_of(z: Array) -> Array:
    """Return how far the second of two classes leads (n,), for scores z (n, 1) or (n, 2), in float64."""
    exact = z.astype(np.float64)
    return exact[:, 0] if z.shape[1] == 1 else exact[:, 1] - exact[:, 0]
