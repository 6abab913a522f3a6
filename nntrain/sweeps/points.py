"""The plan of a sweep as plain values: settings, and a point for each of their seeds. Knows only values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep: the number of its setting in the plan, its seed, and its complete spec as plain values.

    ``fold`` is the part of the data that validates, where the folds of a sweep are trained like its seeds.
    """

    id: str
    setting: int
    seed: int
    resolved: Mapping[str, Any]
    fold: int | None = None

    @property
    def unit(self) -> tuple[int, int | None]:
        """What settings are compared by: the seed, and the fold if there are several."""
        return self.seed, self.fold

    @property
    def unit_text(self) -> str:
        """The seed and the fold in words."""
        return f"seed={self.seed}" if self.fold is None else f"seed={self.seed} fold={self.fold}"


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
    runs pause, and only the best settings go on. The values of the keys ``log`` are spread by their logarithm. Each
    setting is trained with each of the ``folds`` as well, where there are any.
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
    folds: Sequence[int] = ()

    @property
    def units(self) -> int:
        """How many runs a setting has."""
        return len(self.seeds) * max(1, len(self.folds))

    @property
    def unit_noun(self) -> str:
        """What they are called: seeds, folds, or runs where both vary."""
        return "seed" if not self.folds else "fold" if len(self.seeds) == 1 else "run"

    @property
    def points(self) -> list[Point]:
        """All points in order."""
        return [point for setting in self.settings for point in setting.points]
