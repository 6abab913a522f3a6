"""The state of the hidden units on some rows: how many are dead or saturated, and whether they are all alike.

Knows nothing of runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.network import Network
from nntrain.ops.activations.base import Elementwise
from nntrain.ops.activations.flatness import Flatness
from nntrain.runs.layer_outputs import outputs_below

FLAT = 1 - 0.98**2  # of the steepest slope: tanh beyond ±0.98, a sigmoid outside 0.01 … 0.99
ALIKE = 1e-6  # of the largest output: units that differ by less are one unit


@dataclass(frozen=True, slots=True)
class LayerState:
    """One hidden layer: the share of its units that are dead, and of its values that are saturated.

    A unit is dead if its slope is 0 on every row; only units that are flat on one side can be. A value is saturated
    where the slope is below 4 % of its steepest; only units that are flat on both sides can be.
    """

    kind: str
    units: int
    dead: float
    saturated: float
    alike: bool


@dataclass(frozen=True, slots=True)
class UnitState:
    """The hidden layers of a network, in order."""

    layers: tuple[LayerState, ...]

    @property
    def dead(self) -> float:
        """The largest share of dead units in a layer."""
        return max((layer.dead for layer in self.layers), default=0.0)

    @property
    def saturated(self) -> float:
        """The largest share of saturated values in a layer."""
        return max((layer.saturated for layer in self.layers), default=0.0)

    @property
    def alike(self) -> bool:
        """Whether all units of a layer give the same output."""
        return any(layer.alike for layer in self.layers)


def unit_state(network: Network, X: Array) -> UnitState:
    """Return the state of the hidden units of a network on rows X (n, d)."""
    with np.errstate(all="ignore"):
        return UnitState(tuple(_state(unit, z) for unit, z in preactivations(network, X)))


def preactivations(network: Network, X: Array) -> Iterator[tuple[Elementwise, Array]]:
    """Yield each activation that acts entry by entry with its inputs z (n, units), from first to last.

    Dropout is left out, as in prediction.
    """
    for place, layer in enumerate(network.layers):
        if isinstance(layer, Elementwise):
            yield layer, outputs_below(network, X, place)


def gradient_spread(network: Network, X: Array, t: Array) -> float:
    """Return the largest over the smallest root mean square of the weights' gradients by layer; 1 for one layer.

    It is infinite where a layer has no gradient at all. Rows X (n, d), encoded targets t (n, c).
    """
    with np.errstate(all="ignore"):
        network.value_and_grad(X, t)
    params = network.params
    views = (view for name, view in params.named(params.grad) if name.endswith("W"))
    sizes = [float(np.sqrt(np.mean(view.astype(np.float64) ** 2))) for view in views]
    if max(sizes) == 0 or not np.isfinite(max(sizes)):
        return np.inf
    return max(sizes) / max(min(sizes), 1e-300) if len(sizes) > 1 else 1.0


def _state(unit: Elementwise, z: Array) -> LayerState:
    h, slopes = unit.f(z), unit.df(z)
    name = type(unit).__name__.lower()
    if not (np.isfinite(h).all() and np.isfinite(slopes).all()):
        return LayerState(name, z.shape[1], 0.0, 1.0, alike=False)
    flatness = Flatness.of(unit.df, FLAT)
    dead, saturated = float(flatness.dead(z).mean()), float(flatness.saturated(z).mean())
    spread = np.ptp(h, axis=1).max() if z.shape[1] > 1 else np.inf
    return LayerState(name, z.shape[1], dead, saturated, alike=bool(spread <= ALIKE * (np.abs(h).max() + 1e-12)))
