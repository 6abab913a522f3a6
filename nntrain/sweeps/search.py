"""How a sweep goes about its points: in rounds, each of which may depend on the results of those before.

What comes next is a function of the request and of results in the order of the plan, never of what ended when. So it is
the same for any number of processes, on any executor, and after interruptions. Knows nothing of how points are trained.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from nntrain.sweeps.folder import SweepFolder
from nntrain.sweeps.points import Plan, Point


@dataclass(frozen=True, slots=True)
class Round:
    """Points to train up to the epoch ``until``, or to their ends; ``plan`` is the plan as far as it is known now."""

    plan: Plan
    points: Sequence[Point]
    until: int | None = None


class Search(Protocol):
    """Says what is trained next."""

    @property
    def plan(self) -> Plan:
        """All settings that are known by now."""

    @property
    def most(self) -> int:
        """How often a point comes to the end of a round, at most."""

    def rounds(self, folder: SweepFolder) -> Iterator[Round]:
        """Yield the rounds; each one after the points of the round before have come to its end."""


@dataclass(frozen=True, slots=True)
class WholePlan:
    """All points of a plan, each to its end: a grid, or settings drawn at random."""

    plan: Plan

    @property
    def most(self) -> int:
        """The number of points."""
        return len(self.plan.points)

    def rounds(self, folder: SweepFolder) -> Iterator[Round]:
        """Yield the one round."""
        yield Round(self.plan, self.plan.points)
