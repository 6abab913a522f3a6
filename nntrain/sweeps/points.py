"""The plan of a sweep as plain values: settings, and a point for each of their seeds. Knows only values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep: the number of its setting in the plan, its seed, and its complete spec as plain values."""

    id: str
    setting: int
    seed: int
    resolved: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the points of a setting have in common: the values laid over the base, as they were written, by key."""

    values: Mapping[str, Any]
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Plan:
    """All settings, each with a point a seed; ``rank`` is the figure that counts, ``text`` that of the base spec.

    ``merged`` counts settings that came out equal to an earlier one. ``keys`` are those that vary or are set. The seeds
    always vary weights and batches; ``drawn`` names what else: the data, the split, or nothing. At the epochs ``rungs``
    runs pause, and only the best settings go on. The values of the keys ``log`` are spread by their logarithm.
    """

    settings: Sequence[Setting]
    keys: Sequence[str]
    seeds: Sequence[int]
    rank: str
    text: str
    merged: int = 0
    drawn: str = ""
    rungs: Sequence[int] = ()
    log: Sequence[str] = ()

    @property
    def points(self) -> list[Point]:
        """All points in order."""
        return [point for setting in self.settings for point in setting.points]
