"""Why training diverged: the steps after the last good state are repeated up to the first number that is not finite.

Randomness is a function of seed, epoch and step, so the same steps compute the same numbers. A run that does not
diverge pays nothing for this. Knows nothing of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np

from nntrain.core.calls import Call
from nntrain.core.types import Array
from nntrain.errors import DivergenceError
from nntrain.network import Network
from nntrain.train.job import Job
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord, Pause
from nntrain.train.state import State
from nntrain.train.step import METRIC, Stepper

SECONDS = 20.0  # that the search for the cause may take
SHOWN = 4  # earlier steps in a message
TRIED = 40  # steps, at least, that a lower rate must train without the cost rising
RATES = 12  # lower rates that are tried at most
LOWER = 10**0.5  # the factor from one rate down to the next


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The step (from 1) that failed, what was not finite in it, and costs and update ratios before it, oldest first."""

    epoch: int
    step: int
    what: str
    costs: Sequence[float]
    ratios: Sequence[float]  # ‖Δθ‖/‖θ‖
    lr: float
    lr_to_try: float

    def __str__(self) -> str:
        parts = [f"epoch {self.epoch}, step {self.step}: diverged, {self.what}"]
        for name, values in (("cost", self.costs), ("update ratio ‖Δθ‖/‖θ‖", self.ratios)):
            if values:
                parts.append(f"{name} before: {', '.join(f'{value:.3g}' for value in values[-SHOWN:])}")
        parts.append(f"try optimizer.lr {self.lr_to_try:g} (now {self.lr:g}), or set train.clip_norm")
        return "; ".join(parts)


def diagnose(job: Job, state: State, *, seconds: float = SECONDS) -> Diagnosis | None:
    """Train from a good state until it diverges again; None when that does not happen within so many seconds.

    Afterwards the state is the one before the step that failed, whose update is not applied.
    """
    start, costs, ratios = _Snapshot(state), list[float](), list[float]()
    until = perf_counter() + seconds
    events = fit(job, state, pause_every=1)
    while perf_counter() < until:
        before = _Snapshot(state)
        try:
            event = next(events, None)
        except DivergenceError as error:
            before.put_back(state)
            what = _first_nonfinite_call(job, state) or error.what
            rate = _rate_to_try(job, state, start, ratios, until)
            before.put_back(state)
            return Diagnosis(state.epoch + 1, state.step + 1, what, costs, ratios, job.optimizer.lr, rate)
        if event is None:
            return None
        costs.append(before.cost(event, state, job.batches.size))
        ratios.append(before.ratio(state))
    return None


class _Snapshot:
    """A copy of a state, to compare with and to return to."""

    def __init__(self, state: State) -> None:
        self.theta = state.params.theta.copy()
        self.slots = {name: vector.copy() for name, vector in state.slots.items()}
        self.average = None if state.average is None else state.average.copy()
        self.figures: dict[str, Any] = state.figures()

    def put_back(self, state: State) -> None:
        np.copyto(state.params.theta, self.theta)
        for name, vector in self.slots.items():
            np.copyto(state.slots[name], vector)
        if state.average is not None and self.average is not None:
            np.copyto(state.average, self.average)
        for name, value in self.figures.items():
            setattr(state, name, value)

    def ratio(self, state: State) -> float:
        """Return ‖Δθ‖/‖θ‖ since the copy was made; in float64, where squares of float32 cannot overflow."""
        before = self.theta.astype(np.float64)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return float(np.linalg.norm(state.params.theta - before) / np.linalg.norm(before))

    def cost(self, event: EpochRecord | Pause, state: State, size: int) -> float:
        """Return the mean cost of the one batch since the copy was made."""
        rows, cost_sum = self.figures["rows"], self.figures["cost_sum"]
        if isinstance(event, Pause):
            return float((state.cost_sum - cost_sum) / (state.rows - rows))
        return float((event.train["cost"] * size - cost_sum) / (size - rows))


def _first_nonfinite_call(job: Job, state: State) -> str | None:
    """Take the next step one call at a time; return which tensor is the first that is not finite, or None."""
    stepper, network = Stepper(job, state), job.network
    batches = job.batches.epoch(state.epoch, first=state.batch)
    with np.errstate(all="ignore"):
        step = stepper(next(batches))
        stepper.set_rates(stepper.rate(state.step))
        state.clock[...] = state.step
        for call in step.recorded:
            call.bind()()
            if call.out is None or call.label == METRIC:  # figures that are only reported may overflow
                continue
            if not np.isfinite(call.out).all():
                return _name_call(call, network, "update" if stepper.folded else "gradient")
        if not isfinite(step.cost()):
            return "the cost is not finite"
        if job.training.clip_norm is not None:
            norm = float(np.linalg.norm(network.params.grad))
            stepper.clip_factor[...] = min(1.0, job.training.clip_norm / norm) if norm else 1.0
            stepper.clip().bind()()
        for call in stepper.update_calls:
            call.bind()()
    broken = _nonfinite_tensor(state.tensors())
    return (
        f"{broken}{_name_layer(network, broken)} is not finite after the update, which was not applied"
        if broken
        else None
    )


def _name_call(call: Call, network: Network, change: str) -> str:
    """Return in words what a call computed: the ``change`` of a parameter, or the values between two layers."""
    for name, view in network.params.named(network.params.grad):
        if call.out is not None and np.may_share_memory(call.out, view) and not np.isfinite(view).all():
            return f"the {change} of {name}{_name_layer(network, name)} is not finite"
    name, backward, _ = call.label.partition(" backward")
    index, _, kind = name.partition(" ")
    part = f"layer {index} ({kind})" if kind else f"the {name}"
    what = f"the gradient passed down by {part}" if backward else f"the output of {part}" if kind else part
    return f"{what} is not finite"


def _nonfinite_tensor(tensors: dict[str, Array]) -> str | None:
    return next((name for name, view in tensors.items() if not np.isfinite(view).all()), None)


def _name_layer(network: Network, name: str) -> str:
    """Return in brackets the layer that a parameter belongs to, by its position in the network."""
    among = int(name.partition("layers.")[2].partition(".")[0])  # those with parameters
    place = [index for index, shapes in enumerate(network.params.shapes) if shapes][among]
    return f" (layer {place}, {type(network.layers[place]).__name__.lower()})"


def _rate_to_try(job: Job, state: State, start: _Snapshot, ratios: Sequence[float], until: float) -> float:
    """Return the largest of a falling series of rates, of one digit each, that trains without diverging."""
    rate = job.optimizer.lr / max(1.0, min((ratio for ratio in ratios if isfinite(ratio)), default=1.0))
    for _ in range(RATES):
        rate /= LOWER
        start.put_back(state)
        slower = replace(job.optimizer, lr=float(f"{rate:.0e}"))  # type: ignore[type-var]  # all are dataclasses
        if perf_counter() > until or _trains(replace(job, optimizer=slower), state, max(TRIED, len(ratios))):
            break
    return float(f"{rate:.0e}")


def _trains(job: Job, state: State, steps: int) -> bool:
    """Tell whether so many steps train without diverging, and the later ones do not cost more than the first."""
    costs: list[float] = []
    before = _Snapshot(state)
    try:
        for event in islice(fit(job, state, pause_every=1), steps):
            costs.append(before.cost(event, state, job.batches.size))
            before = _Snapshot(state)
    except DivergenceError:
        return False
    later = costs[len(costs) // 2 :]
    return bool(costs) and sum(later) / len(later) <= costs[0]
