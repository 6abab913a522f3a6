"""What to do about a verdict: the settings that mend a run, taken from the experiments that found them.

Knows nothing of terminals.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from nntrain.diagnosis.examination import Examination
from nntrain.diagnosis.replays import FRESH_START
from nntrain.diagnosis.verdict import Kind

Remedy = Callable[[Examination], Sequence[str]]
WIDE = ("model={kind: mlp, hidden: [64, 64]}", "loss=null", "optimizer={kind: adam, lr: 0.003}")


def remedy(kind: Kind, examined: Examination) -> Sequence[str]:
    """Return the overrides that mend a run with this verdict; none where nothing is to be mended or known to help."""
    found = _REMEDIES.get(kind)
    return found(examined) if found else ()


def _of_divergence(examined: Examination) -> Sequence[str]:
    rate = examined.calm_rate
    return (_rate(rate),) if rate is not None else (*FRESH_START, _rate(1e-3 * examined.run.rate))


def _best_rate(examined: Examination, least: float, most: float) -> float:
    """Return the rate that was best from the start, between two multiples of the run's own."""
    costs = examined.replays.rates
    able = {factor: cost for factor, cost in costs.items() if np.isfinite(cost)}
    best = min(able, key=able.__getitem__) if able else least
    return examined.run.rate * min(max(best, least), most)


def _of_rate(examined: Examination, *, least: float, most: float) -> Sequence[str]:
    return (_rate(_best_rate(examined, least, most)),)


def _of_units(examined: Examination) -> Sequence[str]:
    if examined.starts_badly:
        return _of_start(examined)
    return (*FRESH_START, _rate(_best_rate(examined, 1e-3, 0.3)))


def _of_saturation(examined: Examination) -> Sequence[str]:
    if examined.starts_badly:
        return _of_start(examined)
    return (*FRESH_START, _rate(_best_rate(examined, 1e-3, 1e3)))


def _of_start(examined: Examination) -> Sequence[str]:
    return (*FRESH_START, _rate(examined.replays.fresh_start.rate))


def _of_overfit(examined: Examination) -> Sequence[str]:
    assert examined.overfit is not None
    return (f"train.epochs={examined.overfit.since}",)


def _of_underfit(examined: Examination) -> Sequence[str]:
    if examined.unfinished:
        return (f"train.epochs={3 * examined.replays.planned}",)
    return (*WIDE, f"train.epochs={3 * examined.replays.planned}")


def _rate(value: float) -> str:
    return f"optimizer.lr={value:.2g}"


_REMEDIES: Mapping[Kind, Remedy] = {
    "diverged": _of_divergence,
    "rate_too_high": partial(_of_rate, least=1e-3, most=0.3),
    "rate_too_low": partial(_of_rate, least=3.0, most=1e3),
    "at_the_edge": lambda examined: (_rate(examined.run.rate / 2),),
    "dead_units": _of_units,
    "saturated": _of_saturation,
    "bad_start": _of_start,
    "noise_floor": lambda examined: ("schedule=cosine",),
    "overfit": _of_overfit,
    "underfit": _of_underfit,
    "plateau": lambda examined: (f"optimizer={{kind: adam, lr: {examined.with_adam.rate:.2g}}}",),
}
