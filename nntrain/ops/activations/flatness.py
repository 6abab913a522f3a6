"""Where an activation is flat, so that a unit passes no gradient: what makes units dead or saturated.

Knows nothing of networks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.ops.activations.base import Activation, Elementwise

FLAT = 0.05  # of the largest slope: below, f′ is nearly 0
MOSTLY = 0.95  # of the rows on which a saturated unit is in the flat range
FAR = np.linspace(-40.0, 40.0, 4001)  # where a function shows whether it is flat on both sides

Curve = Callable[[Array], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Flatness:
    """An activation's slope f′, and the size ``limit`` below which it counts as flat; ``flat`` tells so over FAR.

    A unit can be saturated where the activation is flat on both sides, and dead where it is not.
    """

    slope: Curve
    limit: float
    flat: Array

    @classmethod
    def of(cls, slope: Curve, share: float) -> "Flatness":
        """Return the flatness of a function with this slope, below a ``share`` of its steepest."""
        sizes = np.abs(slope(FAR))
        limit = share * float(sizes.max())
        return cls(slope, limit, sizes < limit)

    @property
    def two_sided(self) -> bool:
        """Whether the activation is flat far below 0 and far above."""
        return bool(self.flat[0] and self.flat[-1])

    def saturated(self, z: Array) -> Array:
        """Return for inputs z (n, units) which lie where the activation is flat; none where it is so on one side."""
        return np.abs(self.slope(z)) < self.limit if self.two_sided else np.zeros(z.shape, bool)

    def dead(self, z: Array) -> Array:
        """Return for inputs z (n, units) which units (units,) pass no gradient on any row, rather than saturate."""
        return np.zeros(z.shape[1], bool) if self.two_sided else (self.slope(z) == 0).all(axis=0)


def curves_of(layer: Activation) -> tuple[Curve, Curve] | None:
    """Return f and f′ of an activation, None where it is no function of one z."""
    if isinstance(layer, Elementwise):
        return layer.f, layer.df
    initial = getattr(layer, "initial", None)  # a learned slope, shown as it begins
    if initial is None and getattr(layer, "kind", None) != "formula":
        return None
    from nntrain.ops.activations.formula import Formula  # with the reader of formulas, which other units do without

    if isinstance(layer, Formula):
        return layer.at, layer.slope_at
    if initial is not None:
        begun = Formula(f=layer.expression().replace("slope", repr(initial)))
        return begun.at, begun.slope_at
    return None


@dataclass(frozen=True, slots=True, eq=False)
class UnitFaults:
    """Which units of an activation learn nothing; without ``flatness`` only those that always give 0 are known."""

    flatness: Flatness | None

    @classmethod
    def of(cls, layer: Activation) -> "UnitFaults":
        """Return the judgement for an activation; one with a slope that is learned is flat nowhere."""
        found = None if hasattr(layer, "initial") else curves_of(layer)
        return cls(Flatness.of(found[1], FLAT) if found is not None else None)

    def judge(self, z: Array, h: Array) -> tuple[Array, Array]:
        """Return for z (n, k) and h (n, m) which units (m,) are dead, and which are saturated.

        Of an activation that is flat on both sides a unit is saturated if it lies in the flat range on nearly all rows;
        of others it is dead if no gradient passes it on any row.
        """
        if self.flatness is None:
            return (h == 0).all(axis=0), np.zeros(h.shape[1], bool)
        return self.flatness.dead(z), self.flatness.saturated(z).mean(axis=0) >= MOSTLY
