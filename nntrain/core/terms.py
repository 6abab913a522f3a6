"""Figures that are read once the calls of a step have run: what they are made of is told as data.

A figure told so can be read without the interpreter; any other function that returns the same serves as well. Knows
nothing of costs or metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nntrain.core.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """(Σ factor · term) / divisor + Σ extras: up to two (factor, 0-d array) and two further 0-d arrays."""

    terms: Sequence[tuple[float, Array]]
    divisor: float = 1.0
    extras: Sequence[Array] = ()

    def __call__(self) -> float:
        total = 0.0
        for factor, term in self.terms:
            total += factor * term.item()
        total /= self.divisor
        for extra in self.extras:
            total += extra.item()
        return total

    def plus(self, *extras: Array) -> "Terms":
        """Return the figure with these 0-d arrays added."""
        return replace(self, extras=(*self.extras, *extras))


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """The number of flags that are set in an array of bool, divided."""

    flags: Array
    divisor: float = 1.0

    def __call__(self) -> float:
        return int(np.count_nonzero(self.flags)) / self.divisor


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Several figures."""

    parts: Sequence[Terms | Count]

    def __call__(self) -> Sequence[float]:
        return [part() for part in self.parts]
