"""The verdict on a run: each rests on one experiment that was made to refute it, and is dropped where it does.

Knows nothing of terminals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nntrain.diagnosis.examination import HALF, NOTHING, Examination

Kind = Literal[
    "diverged",
    "leak_suspected",
    "bad_start",
    "dead_units",
    "saturated",
    "rate_too_high",
    "rate_too_low",
    "overfit",
    "noise_floor",
    "not_learning",
    "plateau",
    "underfit",
    "at_the_edge",
    "right",
    "not_sure",
]

SHORT = "replays of less than a quarter of the run, too short to tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a run, or right, and the experiment that could have refuted it, in words."""

    verdict: Kind
    experiment: str


def findings(examined: Examination) -> Iterator[Finding]:
    """Yield what is found, the worst first; ``right`` where nothing else is."""
    if examined.run.diverged:
        yield Finding("diverged", "lower rates from the same start")
        return
    if not examined.replays.long_enough:
        yield Finding("not_sure", SHORT)
    found = [
        *_of_the_data(examined),
        *_of_start_and_units(examined),
        *_of_the_rate(examined),
        *_of_the_length(examined),
    ]
    if examined.learns_nothing and not found:
        kind: Kind = "plateau" if examined.with_adam.cost < 0.9 * examined.run.constants else "not_learning"
        found.append(Finding(kind, "rates 0.1 to 10 times as high, and Adam at 0.001 and 0.01"))
    yield from found
    if not found and examined.at_the_edge:
        yield Finding("at_the_edge", "1.1 times the rate from the same start")
    yield Finding("right", "rates 0.1 to 10 times as high from the start and from the end, and more epochs")


def _of_the_data(examined: Examination) -> Iterator[Finding]:
    if examined.leak is None or examined.without_leak is None:
        return
    alone = examined.leak.others < 0.9 * examined.leak.alone
    if alone or examined.replays.clearly(examined.without_leak.cost, examined.replays.rates[1.0]):
        yield Finding("leak_suspected", "a training without this column")


def _of_start_and_units(examined: Examination) -> Iterator[Finding]:
    run, replays = examined.run, examined.replays
    if examined.starts_badly:
        yield Finding("bad_start", "default weights on scaled inputs, both starts at several rates")
    dead, saturated = examined.units.dead > HALF, examined.units.saturated > HALF
    worse = examined.too_high or run.cost >= 0.5 * run.constants
    better = replays.clearly(run.cost, replays.reached) or run.cost >= NOTHING * run.constants or examined.starts_badly
    if (dead or saturated) and worse and not examined.too_low and better:
        yield Finding("dead_units" if dead else "saturated", "other rates, of which one ends clearly better")


def _of_the_rate(examined: Examination) -> Iterator[Finding]:
    rates = "rates 0.1 and 0.3 times as high, lower while the lowest is best"
    if examined.too_high:
        costs = examined.replays.rates
        lower = min(cost for factor, cost in costs.items() if factor < 1)
        if examined.depends_on_the_seed:
            yield Finding("not_sure", "the best of these rates with another seed, which it does not help")
        if examined.only_noise and not examined.replays.clearly(costs[1.0], lower):
            yield Finding("noise_floor", "lower rates from the end on, and a rate that falls to 0")
        yield Finding("rate_too_high", rates)
    elif examined.too_low:
        if examined.depends_on_the_seed:
            yield Finding("not_sure", "the best of these rates with another seed, which it does not help")
        yield Finding("rate_too_low", "rates 3 and 10 times as high, higher while the highest is best")
    elif examined.only_noise:
        yield Finding("noise_floor", "lower rates from the end on, and a rate that falls to 0")
    if examined.starts_badly_here and not examined.learns_nothing:
        if max(examined.units.dead, examined.units.saturated) > HALF:
            yield Finding("dead_units" if examined.units.dead > HALF else "saturated", "another start at the same rate")
        yield Finding("bad_start", "default weights on scaled inputs at the same rate")


def _of_the_length(examined: Examination) -> Iterator[Finding]:
    run = examined.run
    if examined.overfit is not None:
        yield Finding("overfit", "none is needed: the validation cost is recorded")
    if examined.too_high or examined.too_low or run.is_perfect:
        return
    if examined.unfinished:
        yield Finding("underfit", "going on, extrapolated to three times as many epochs")
    elif examined.overfit is None and not examined.learns_nothing and examined.too_small:
        yield Finding("underfit", "a network with two layers of 64 units, trained with Adam")
