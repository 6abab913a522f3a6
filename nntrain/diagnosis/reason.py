"""Verdicts in words: what each means of the run at hand, with its figures. Knows nothing of terminals."""

from collections.abc import Callable, Mapping

from nntrain.diagnosis.examination import Examination
from nntrain.diagnosis.verdict import Kind

Words = Callable[[Examination], str]


def reason_of(kind: Kind, examined: Examination) -> str:
    """Return why a run has this verdict, in one sentence without its full stop."""
    return _WORDS[kind](examined)


def _of_divergence(examined: Examination) -> str:
    rate = examined.calm_rate
    if rate is None:
        return "the cost grew beyond all bounds, and so it does at a thousandth of the rate"
    return f"the cost grew beyond all bounds; at a rate of {rate:.2g} it falls"


def _of_leak(examined: Examination) -> str:
    leak = examined.leak
    assert leak is not None
    return (
        f"the column {leak.column} alone says {leak.alone:.0%} of the target, all the others together {leak.others:.0%}"
    )


def _of_start(examined: Examination) -> str:
    replays, run = examined.replays, examined.run
    if not examined.starts_badly:
        return f"at the same rate, default weights on scaled inputs end clearly below this run's cost of {run.cost:.4g}"
    there = f"{replays.fresh_start.cost:.4g} at a rate of {replays.fresh_start.rate:.2g}"
    own = f"from its own start the best of many rates ends at {replays.own_start:.4g}"
    return f"{own}, from default weights on scaled inputs at {there}"


def _of_units(examined: Examination) -> str:
    dead = examined.units.dead > examined.units.saturated
    share = max(examined.units.dead, examined.units.saturated)
    what = (
        "units of a hidden layer give 0 for every row" if dead else "values of a hidden layer lie where its slope is 0"
    )
    return f"{share:.0%} of the {what}, so it hardly learns any more"


def _of_rate(examined: Examination, word: str) -> str:
    costs, rate = examined.replays.rates, examined.run.rate
    side = {f: c for f, c in costs.items() if (f < 1 if word == "lower" else f > 1)}
    best = min(side, key=side.__getitem__)
    return f"{rate:.3g} ends at a cost of {costs[1.0]:.4g}, the {word} rate {best * rate:.2g} at {side[best]:.4g}"


def _of_edge(examined: Examination) -> str:
    costs = f"a cost of {examined.edge:.4g} instead of {examined.replays.rates[1.0]:.4g}"
    return f"{1.1 * examined.run.rate:.3g} would already be too high: {costs}"


def _of_noise(examined: Examination) -> str:
    replays, run = examined.replays, examined.run
    calm = f"with a rate that falls to 0 it ends at {replays.cosine:.4g}"
    return f"steps of single batches keep the cost at {run.cost:.4g}; {calm}"


def _of_overfit(examined: Examination) -> str:
    found = examined.overfit
    assert found is not None
    return f"since epoch {found.since} the validation cost has risen by {found.rise:.1%}, while the training cost fell"


def _of_underfit(examined: Examination) -> str:
    if examined.unfinished:
        times = f"{examined.replays.three_times:.2g} times lower"
        return f"the cost still falls: three times as many epochs would bring it about {times}"
    costs = f"ends at {examined.larger.cost:.4g} instead of {examined.run.cost:.4g}"
    return f"a network with two layers of 64 units, trained with Adam, {costs}"


def _of_plateau(examined: Examination) -> str:
    best = examined.with_adam
    return f"no rate leaves the plateau of {examined.run.cost:.4g}; Adam at {best.rate:.2g} does, to {best.cost:.4g}"


def _of_nothing(examined: Examination) -> str:
    run = examined.run
    without = f"scores without the inputs cost {run.constants:.4g}"
    return f"the cost is {run.cost:.4g}, {without}, and neither another rate nor Adam ends lower"


def _of_right(examined: Examination) -> str:
    replays, rate = examined.replays, examined.run.rate
    others = [cost for factor, cost in replays.rates.items() if factor != 1]
    return f"at {rate:.3g} the cost ends at {replays.rates[1.0]:.4g}; other rates end at {min(others):.4g} at best"


def _of_doubt(examined: Examination) -> str:
    replays = examined.replays
    if not replays.long_enough:
        return f"only {replays.epochs} of {replays.planned} epochs could be trained again for each rate in the time"
    return _of_right(examined) + ", but with another seed it is the other way round"


_WORDS: Mapping[Kind, Words] = {
    "diverged": _of_divergence,
    "leak_suspected": _of_leak,
    "bad_start": _of_start,
    "dead_units": _of_units,
    "saturated": _of_units,
    "rate_too_high": lambda examined: _of_rate(examined, "lower"),
    "rate_too_low": lambda examined: _of_rate(examined, "higher"),
    "at_the_edge": _of_edge,
    "noise_floor": _of_noise,
    "overfit": _of_overfit,
    "underfit": _of_underfit,
    "plateau": _of_plateau,
    "not_learning": _of_nothing,
    "right": _of_right,
    "not_sure": _of_doubt,
}
