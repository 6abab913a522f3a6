"""Which setting is best: the figure that counts, summed up over the seeds of each setting, and set against the best.

All settings have the same seeds and folds, so differences are taken seed by seed and fold by fold. Knows
nothing of files.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from nntrain.core.student import Sample
from nntrain.ops.metrics import higher_is_better
from nntrain.spec import from_dict
from nntrain.sweeps.folder import Outcome
from nntrain.sweeps.points import Plan, Setting

Unit: TypeAlias = tuple[int, int | None]  # what settings are compared by: the seed and the fold
LATE = 1 << 62  # an epoch after all others


@dataclass(frozen=True, slots=True)
class Standing:
    """A setting: its scores summed up, the worst of them, and how many of its runs diverged or have no score otherwise.

    ``difference`` is to the best setting, over the seeds that both have a score for; ``test`` sums up the same figure
    of the test part, by which nothing is chosen. Runs that pause have the score of the epoch ``paused``; it is compared
    with those of the same epoch alone.
    """

    number: int  # in the plan, from 1
    setting: Setting
    score: Sample
    worst: float
    diverged: int
    missing: int
    difference: Sample
    test: Sample
    paused: int | None = None

    @property
    def runs(self) -> int:
        """How many seeds the setting has."""
        return len(self.setting.points)

    @property
    def is_whole(self) -> bool:
        """Whether every seed has a score."""
        return self.score.n == self.runs


def rises(plan: Plan) -> bool:
    """Tell whether more of the figure that counts is better, as the metrics of its runs say."""
    return any(higher_is_better(plan.rank, from_dict(point.resolved).metrics or ()) for point in plan.points[:1])


def standings(plan: Plan, outcomes: Mapping[str, Outcome]) -> list[Standing]:
    """Return the settings, best first: those with a score for each seed by their mean, then those that lack some.

    Settings that pause come after the others, the later they pause the better. Equal ones stay in the plan's order.
    """
    scores, higher = [_scores(setting, outcomes, plan.rank) for setting in plan.settings], rises(plan)
    means = [Sample.of(list(own.values())).mean for own in scores]

    paused = [_paused(setting, outcomes) for setting in plan.settings]

    def order(index: int) -> tuple[bool, int, bool, float, int]:
        own, mean = scores[index], means[index]
        lacks = len(own) < len(plan.settings[index].points)
        return (not own, -(paused[index] or LATE), lacks, 0.0 if not own else -mean if higher else mean, index)

    ordered = sorted(range(len(scores)), key=order)
    best = scores[ordered[0]] if ordered else {}
    found = [_standing(plan, index, outcomes, scores[index], best, higher=higher) for index in ordered]
    return [one if one.paused == found[0].paused else replace(one, difference=Sample.of(())) for one in found]


def _standing(
    plan: Plan,
    index: int,
    outcomes: Mapping[str, Outcome],
    own: Mapping[Unit, float],
    best: Mapping[Unit, float],
    *,
    higher: bool,
) -> Standing:
    setting, values = plan.settings[index], list(own.values())
    statuses = [outcomes[point.id].status for point in setting.points]
    worst = (min(values) if higher else max(values)) if values else math.nan
    differences = [] if own is best else [score - best[unit] for unit, score in own.items() if unit in best]
    test = _scores(setting, outcomes, f"test.{plan.rank.partition('.')[2]}")
    diverged = statuses.count("diverged")
    missing = len(statuses) - len(values) - diverged
    summed = (Sample.of(values), worst, diverged, missing, Sample.of(differences), Sample.of(list(test.values())))
    return Standing(index + 1, setting, *summed, _paused(setting, outcomes))


def _paused(setting: Setting, outcomes: Mapping[str, Outcome]) -> int | None:
    """Return the epoch at which runs of a setting pause, None if they have come to their ends or have yet to."""
    found = [one.epochs for point in setting.points if (one := outcomes[point.id]).status == "paused"]
    return min((epoch for epoch in found if epoch is not None), default=None)


def _scores(setting: Setting, outcomes: Mapping[str, Outcome], figure: str) -> dict[Unit, float]:
    """Return a figure by seed and fold, where it is a number."""
    found = {point.unit: outcomes[point.id].figures.get(figure) for point in setting.points}
    return {unit: float(score) for unit, score in found.items() if score is not None and math.isfinite(score)}


def expected_best(found: Sequence[Standing], fewer: int) -> float | None:
    """Return the score of the best of ``fewer`` settings, on average over all ways to draw them of those tried.

    That is what a smaller sweep would have come to (Dodge et al. 2019; without replacement, Tang et al. 2020). None if
    so few might all lack a score.
    """
    n, scores = len(found), [one.score.mean for one in found if one.is_whole]
    if fewer <= n - len(scores):
        return None
    ways = math.comb(n, fewer)  # of which a setting is the best where all others are worse
    return sum(score * (math.comb(n - 1 - place, fewer - 1) / ways) for place, score in enumerate(scores))


def tied(standing: Standing) -> bool:
    """Tell whether the seeds do not part a setting from the best: the interval of the difference holds 0."""
    difference = standing.difference
    return standing.is_whole and difference.n > 1 and abs(difference.mean) <= difference.half


def sure(found: Sequence[Standing]) -> bool:
    """Tell whether there are intervals at all: two seeds or more."""
    return any(one.score.n > 1 for one in found)
