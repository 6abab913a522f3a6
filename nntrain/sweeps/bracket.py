"""Which values of one swept key of numbers are too small, right and too large, by the seeds. Knows nothing of files."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from nntrain.sweeps.points import Plan
from nntrain.sweeps.setting_values import value_at
from nntrain.sweeps.standings import Standing, tied


@dataclass(frozen=True, slots=True)
class Bracket:
    """``right`` from the least to the largest value that is as good as the best; the others beside it.

    As good is what the seeds do not tell apart from the best, and what differs from it by no more than is usual by
    chance here: one whose seeds are all over the place is told apart from nothing.
    """

    small: Sequence[float]
    right: tuple[float, float]
    large: Sequence[float]


def bracket(plan: Plan, found: Sequence[Standing]) -> Bracket | None:
    """Return the bracket of a sweep with one key, of numbers, and two seeds or more; None of any other.

    Settings that pause were not compared to the end, so that halving has no bracket.
    """
    values = numbers_of(plan, found, plan.keys[0]) if len(plan.keys) == 1 else None
    if values is None or found[0].score.n < 2 or plan.rungs:
        return None
    halves = [one.difference.half for one in found if one.difference.n > 1]
    usual = max(found[0].score.half, median(halves) if halves else 0.0)
    near = [one for one in found[1:] if tied(one) and abs(one.difference.mean) <= usual]
    right = [values[one.number] for one in (found[0], *near)]
    low, high = min(right), max(right)
    small = sorted(value for value in values.values() if value < low)
    return Bracket(small, (low, high), sorted(value for value in values.values() if value > high))


def numbers_of(plan: Plan, found: Sequence[Standing], key: str) -> dict[int, float] | None:
    """Return the value of a key for each setting by number, or None if they are not all numbers."""
    values = {one.number: value_at(one.setting, key) for one in found}
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values.values())
    return values if numbers else None
