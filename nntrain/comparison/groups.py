"""Runs that differ in nothing but their seed, as one: means over seeds, and groups against the first one, seed by seed.

Knows nothing of terminals.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.artifacts.strict_json import canonical
from nntrain.comparison.contrast import in_order_of_use, keys_that_part
from nntrain.comparison.run_record import RunRecord
from nntrain.comparison.run_table import spell
from nntrain.core.student import Sample

SEED, NAME = "seed", "name"
LONGEST = 24  # letters of a label that is made of values


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs of one spec with different seeds, one for each seed."""

    runs: Sequence[RunRecord]

    @property
    def spec(self) -> Mapping[str, Any]:
        """What the runs have in common."""
        return {key: value for key, value in self.runs[0].spec.items() if key != SEED}

    @property
    def seeds(self) -> list[Any]:
        """The seed of each run."""
        return [run.spec.get(SEED) for run in self.runs]

    @property
    def diverged(self) -> int:
        """How many of the runs diverged."""
        return sum(run.status == "diverged" for run in self.runs)

    def sample(self, figure: str) -> Sample:
        """Return a figure summed up over the seeds that have it."""
        return Sample.of(list(self.values(figure).values()))

    def values(self, figure: str) -> dict[Any, float]:
        """Return a figure by seed, where it is a number."""
        found = {run.spec.get(SEED): run.figures.get(figure) for run in self.runs}
        return {seed: float(value) for seed, value in found.items() if value is not None and math.isfinite(value)}

    def difference(self, first: "RunGroup", figure: str) -> Sample:
        """Return a figure minus that of another group, seed by seed, over the seeds that both have."""
        own, other = self.values(figure), first.values(figure)
        return Sample.of([own[seed] - other[seed] for seed in own if seed in other])


def groups_of(runs: Sequence[RunRecord]) -> list[RunGroup] | None:
    """Return the runs by everything but their seed, in their order; None for fewer than two groups, or without seeds.

    Runs of one spec with the same seed are no seeds of each other, so that there are no groups then.
    """
    found: dict[str, list[RunRecord]] = {}
    for run in runs:
        key = canonical({name: value for name, value in run.spec.items() if name not in (SEED, NAME)})
        found.setdefault(key, []).append(run)
    alike = any(len({run.spec.get(SEED) for run in group}) < len(group) for group in found.values())
    return None if alike or not 1 < len(found) < len(runs) else [RunGroup(group) for group in found.values()]


def singles(runs: Sequence[RunRecord]) -> list[RunGroup]:
    """Return each run as a group of its own."""
    return [RunGroup([run]) for run in runs]


def keys_that_part_groups(groups: Sequence[RunGroup]) -> list[str]:
    """Return the keys but the seed that part any group from the first one, in the order of use."""
    first = groups[0].runs[0]
    parting = (keys_that_part(first, group.runs[0]) for group in groups[1:])
    return [key for key in in_order_of_use(list(dict.fromkeys(key for keys in parting for key in keys))) if key != SEED]


def labels_of(groups: Sequence[RunGroup]) -> list[str]:
    """Return a label for each group: the values that part the groups if they are short, else the name of a run."""
    keys = keys_that_part_groups(groups)
    names = {key: key.rpartition(".")[2] for key in keys}
    labels = [", ".join(f"{names[key]}={spell(group.spec.get(key)) or '–'}" for key in keys) for group in groups]
    if keys and max(map(len, labels)) <= LONGEST and len(set(labels)) == len(labels):
        return labels
    own = [group.runs[0].name for group in groups]
    return [name if own.count(name) == 1 else str(group.runs[0].path) for name, group in zip(own, groups, strict=True)]
