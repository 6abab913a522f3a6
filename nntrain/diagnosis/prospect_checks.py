"""The checks on a spec before it is trained, each passed, with a warning, or failed. Knows nothing of terminals."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nntrain.data.dataset import Dataset, Part
from nntrain.diagnosis.curvature import Curvature, gradient_of, stable_rate
from nntrain.diagnosis.hidden_units import gradient_spread, unit_state
from nntrain.diagnosis.leak import find_leak
from nntrain.diagnosis.prospect import Prospect
from nntrain.diagnosis.replays import BETTER
from nntrain.diagnosis.short_trials import best_fitted
from nntrain.runs.assembly import assemble
from nntrain.spec import reload

Status = Literal["pass", "warn", "fail"]
HIGH, FAR_TOO_HIGH = 1.5, 10.0  # of the cost in theory, before the first step
SEEING = 0.95  # of the blind cost: below, the inputs have helped
LEARNED, NOTHING_LEARNED = 0.1, 0.5  # of the first cost of a batch that is to be learned by heart
APART = 1e3  # gradients of layers that differ so much do not train together
HALF = 0.5  # share of the units of a layer that are dead, or of its values that are saturated
RARE = 0.1  # of the columns, those that vary least, may be next to constant
UNEVEN, OFF = 100.0, 10.0  # deviations of inputs that differ so much; means by deviations that are so large
TINY = 1e-12  # of a cost: nothing
BATCH = 32  # rows that are to be learned by heart at most
WORK = 1e10  # operations that the curvature may take


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it is about, how it went, what was found, and settings that would mend it."""

    name: str
    status: Status
    found: str
    overrides: Sequence[str] = ()


def _data(spec: Prospect) -> Iterator[Check]:
    """Rows of another part that were trained on, and a column that gives the target away."""
    data = spec.trainee.data
    for name, part in (("validation", data.validation), ("test", data.test)):
        if part is None or data.trained_rows is None:
            continue
        seen = data.trained_rows.count(part.X, part.y)
        told = f"{seen:,} of {len(part):,} rows are" if seen else f"none of {len(part):,} rows is"
        yield Check(f"{name} part", "warn" if seen else "pass", f"{told} in training too")
    leak = find_leak(data)
    if leak is not None:
        found = f"the column {leak.column} alone says {leak.alone:.0%} of the target, all the others {leak.others:.0%}"
        yield Check("leak", "warn", f"{found}; is it known when a prediction is asked for?")
    else:
        yield Check("leak", "pass", "no column gives the target away")


def _scales(spec: Prospect) -> Iterator[Check]:
    X = spec.inputs.astype(np.float64)
    means, spreads = np.abs(X.mean(axis=0)), X.std(axis=0)
    vary = spreads > 1e-9 * (means + 1e-300)
    if not vary.any():
        yield Check("inputs", "fail", "no column varies")
        return
    low, high = float(np.quantile(spreads[vary], RARE, method="lower")), float(spreads[vary].max())
    off = float((means[vary] / spreads[vary]).max())
    told = f"deviations of the columns from {low:.3g} to {high:.3g}, means up to {off:.2g} deviations"
    sparse = bool((X == 0).mean() > HALF)  # most columns rarely vary: pixels, counts, indicators
    bad = not sparse and (high > UNEVEN * low or off > OFF or not 1 / UNEVEN < high < UNEVEN)
    yield Check("inputs", "warn" if bad else "pass", told, ("data.scale=standard",) if bad else ())
    if spec.trainee.assembly.task == "regression":
        spread = float(spec.targets.std(axis=0).max())
        bad = not 1 / UNEVEN < spread < OFF
        what = f"deviation of the targets {spread:.3g}"
        yield Check("targets", "warn" if bad else "pass", what, ("data.target_scale=standard",) if bad else ())


def _first_cost(spec: Prospect) -> Iterator[Check]:
    cost, (theory, name) = spec.first_cost, spec.theory
    told = f"{cost:.4g} before the first step, in theory {theory:.4g}, {name}"
    if np.isfinite(cost) and cost <= HIGH * theory + TINY:
        yield Check("first cost", "pass", told)
    elif cost <= HIGH * spec.zero_cost + TINY:  # nothing is wrong with the weights: the targets lie far from 0
        yield Check("first cost", "warn", told, ("data.target_scale=standard",))
    else:
        far = not np.isfinite(cost) or cost > FAR_TOO_HIGH * theory + TINY
        yield Check("first cost", "fail" if far else "warn", told, ("model.init=auto", "data.scale=standard"))


def _start(spec: Prospect) -> Iterator[Check]:
    """Gradients by layer, and units, before the first step."""
    network = spec.trainee.assembly.network
    spec.trainee.start()
    spread = gradient_spread(network, spec.inputs, spec.targets)
    told = f"gradients of the layers differ {spread:.2g} times" if np.isfinite(spread) else "a layer has no gradient"
    layers = sum(name.endswith("W") for name, _ in network.params.named(network.params.theta))
    if layers == 1:
        told = "there is a gradient" if np.isfinite(spread) else told
    status: Status = "fail" if not np.isfinite(spread) else "warn" if spread > APART else "pass"
    yield Check("gradients", status, f"{told} at the start", () if status == "pass" else ("model.init=auto",))
    units = unit_state(network, spec.inputs)
    if not units.layers:
        return
    told = f"at most {units.dead:.0%} of a layer's units dead, {units.saturated:.0%} of its values saturated"
    if units.alike:
        yield Check("units", "fail", "all units of a layer are alike, and stay so", ("model.init=auto",))
    else:
        bad = max(units.dead, units.saturated) > HALF
        yield Check("units", "warn" if bad else "pass", told, ("model.init=auto", "data.scale=standard") if bad else ())


def _one_batch(spec: Prospect) -> Iterator[Check]:
    trainee = spec.trainee
    network, size = trainee.assembly.network, trainee.job.batches.batch_size
    able = max(2, network.params.size // (2 * network.n_out))  # more rows a small model cannot know by heart
    rows = min(BATCH, size, able, len(trainee.data.train))
    first, least = best_fitted(trainee, range(rows), 0.15 * spec.seconds)
    told = f"the cost of {rows} rows alone falls from {first:.4g} to {least:.4g}"
    share = least / first if first > 0 else 0.0
    status: Status = "pass" if share < LEARNED or first < TINY else "warn" if share < NOTHING_LEARNED else "fail"
    yield Check("one batch", status, told)


def _rates(spec: Prospect) -> Iterator[Check]:
    """The range test, whose best rate is the advice; the limit by curvature, which is none."""
    trials, rate = spec.trials, spec.trials.rate
    own, best = trials.costs[rate], trials.best
    diverging = [rate for rate, cost in trials.costs.items() if math.isinf(cost)]
    limit = f", diverges from {min(diverging):.2g} on" if diverging else ""
    told = (
        f"after {trials.steps} steps the cost is {own:.4g} at {rate:.3g}, {trials.costs[best]:.4g} at {best:.2g}{limit}"
    )
    if math.isinf(own):
        told = f"diverges within {trials.steps} steps at {rate:.3g}; {trials.costs[best]:.4g} at {best:.2g}"
        yield Check("rate", "fail", told, (f"optimizer.lr={best:.2g}",) if math.isfinite(trials.costs[best]) else ())
    else:
        floor = 0.02 * spec.theory[0]
        bad = (own + floor) / (trials.costs[best] + floor) >= BETTER
        yield Check("rate", "warn" if bad else "pass", told, (f"optimizer.lr={best:.2g}",) if bad else ())
    found = _curvature(spec)
    if found is not None and np.isfinite(found.stable_rate):
        times = rate / found.stable_rate
        told = f"by the curvature at the start steps are stable below {found.stable_rate:.3g}: {times:.2g} times that"
        yield Check("curvature", "warn" if times > 1 else "pass", told)


def _curvature(spec: Prospect) -> Curvature | None:
    trainee = spec.trainee
    double = reload(trainee.loaded.resolved, ["train.dtype=float64"]).spec
    network = assemble(double, trainee.data).network
    trainee.start()
    theta = trainee.assembly.network.params.theta.astype(np.float64)
    few = max(32, int(WORK / (6 * 120 * network.params.size)))
    step = max(1, len(spec.inputs) // few)
    X, t = (np.ascontiguousarray(a[::step], np.float64) for a in (spec.inputs, spec.targets))
    gradient = gradient_of(network, X, t, double.penalty)
    return stable_rate(trainee.job.optimizer, gradient, theta, np.square(gradient(theta)))


def _blind(spec: Prospect) -> Iterator[Check]:
    """What is learned without the inputs, all of them 0, against what is learned with them."""
    trials, trainee = spec.trials, spec.trainee
    if trainee.assembly.task == "reconstruction" or math.isinf(trials.costs[trials.best]):
        return
    blind = trials.cost(trainee.changed((), _without_inputs(trainee.data)), trials.best)
    seeing = trials.costs[trials.best]
    told = f"after {trials.steps} steps {seeing:.4g} with the inputs, {blind:.4g} with all of them 0"
    yield Check("blind", "pass" if seeing < SEEING * blind else "warn", told)


def _without_inputs(data: Dataset) -> Dataset:
    def blank(part: Part) -> Part:
        return replace(part, X=np.zeros_like(part.array))

    return replace(data, train=blank(data.train), validation=None)


def _length(spec: Prospect) -> Iterator[Check]:
    steps = spec.trainee.job.total_steps
    yield Check("length", "pass", f"{steps:,} steps, about {_duration(steps * spec.trials.step_seconds)} of training")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


CHECKS: Sequence[Callable[[Prospect], Iterator[Check]]] = (
    *(_data, _scales, _first_cost, _start, _one_batch),
    *(_rates, _blind, _length),
)
