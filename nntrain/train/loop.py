"""The training loop: a plain generator that trains and yields records.

The caller logs, saves and draws; what it does between two records does not change the run. Knows nothing of files.
"""

from collections.abc import Iterator
from contextvars import copy_context
from math import isfinite
from time import perf_counter

import numpy as np

from nntrain.core.extension import player
from nntrain.errors import DivergenceError
from nntrain.train.full_batch import FullBatch
from nntrain.train.health import Health, Layers
from nntrain.train.interpreter import Interpreter
from nntrain.train.job import Job
from nntrain.train.monitor import COST, Monitor, measured, stop_monitor
from nntrain.train.player import Player
from nntrain.train.records import EpochRecord, Interrupted, Pause
from nntrain.train.settings import FALLING, SEARCH
from nntrain.train.state import State

EXPLODED = 1e4  # an epoch whose cost is this many times that of the first batch, or 1, has diverged


def fit(
    job: Job, state: State, *, interrupted: Interrupted = bool, pause_every: int | None = None
) -> Iterator[EpochRecord | Pause]:
    """Train from ``state`` on, updating it in place; yield a record an epoch, and a pause every ``pause_every`` steps.

    ``interrupted`` is called after every group of steps, which takes a hundredth of a second or a single step. Once it
    returns True, or says why, a final Pause is yielded and training stops; it can be resumed. Otherwise
    ``state.stopped`` says why training ended. Raises DivergenceError before numbers that are not finite reach the
    parameters of a finished epoch.
    """
    quiet = copy_context()  # NumPy's warnings are off inside the loop, and as the caller sets them outside
    quiet.run(np.seterr, over="ignore", divide="ignore", invalid="ignore")  # values are checked instead
    events = quiet.run(_Loop, job, state).events(interrupted, pause_every)
    while (event := quiet.run(next, events, None)) is not None:
        yield event


def _taker(job: Job, state: State) -> Interpreter | Player | FullBatch:
    """Return what takes the steps: the player where it can be had, else the interpreter."""
    if job.optimizer.searches:
        return FullBatch(job, state)
    extension = player()
    if extension is not None and Player.suits(job, extension):
        return Player(job, state, extension)
    return Interpreter(job, state)


class _Loop:
    """One training: what takes the steps of its job, and its monitors."""

    def __init__(self, job: Job, state: State) -> None:
        self.job, self.state = job, state
        self.steps = _taker(job, state)
        has_validation = job.validation is not None
        self.monitor = stop_monitor(job.training.stop, job.metrics.metrics, validation=has_validation)
        self.health: Health | None = None
        self.cost = Monitor(measured(COST, validation=has_validation))  # what the schedule observes

    def events(self, interrupted: Interrupted, pause_every: int | None) -> Iterator[EpochRecord | Pause]:
        """Run the epochs that are left; yield a record for each, and pauses; an interruption is the last of them."""
        job, state = self.job, self.state
        while state.stopped is None and state.epoch < job.training.epochs:
            for event in self._epoch(interrupted, pause_every):
                yield event
                if isinstance(event, Pause) and event.interrupted:
                    return
        if state.stopped is None:
            state.end("epochs", state.epoch, "all epochs done")

    def _epoch(self, interrupted: Interrupted, pause_every: int | None) -> Iterator[EpochRecord | Pause]:
        """Run the rest of the unfinished epoch and yield its record; pauses come in between."""
        job, state, steps = self.job, self.state, self.steps
        last = job.batches.per_epoch - 1
        training, stop = job.training, job.training.stop
        always_measured = stop.step_tolerance is not None or training.clip_norm is not None
        limits = (training.max_steps, stop.step_tolerance, stop.max_seconds)
        has_rules = job.optimizer.searches or limits != (None, None, None)
        is_measured = False  # the step taken last
        since = perf_counter()
        steps.begin()
        while state.batch <= last:
            is_measured = always_measured or state.batch == last or state.step + 1 == training.max_steps
            failure = steps.take(self._most(last, pause_every), measured=is_measured)
            if failure is not None:
                raise self._divergence(failure)
            if (has_rules and self._stops_here(since)) or state.batch > last:
                break
            halted = interrupted()
            if halted or (pause_every and state.step % pause_every == 0):
                state.seconds += perf_counter() - since
                self._check_parameters()
                yield Pause(state.step, interrupted=halted)
                since = perf_counter()
        state.seconds += perf_counter() - since
        yield self._finish_epoch(measured=is_measured)
        halted = interrupted()
        if halted and state.stopped is None and state.epoch < job.training.epochs:
            yield Pause(state.step, interrupted=halted)

    def _most(self, last: int, pause_every: int | None) -> int:
        """Return how many steps may follow one another: the last of an epoch and of the run are taken by themselves."""
        state, max_steps = self.state, self.job.training.max_steps
        most = last - state.batch
        if max_steps is not None:
            most = min(most, max_steps - 1 - state.step)
        if pause_every:
            most = min(most, pause_every - state.step % pause_every)
        return max(1, most)

    def _stops_here(self, since: float) -> bool:
        """Tell whether a rule ends training at this step, and note which one."""
        state, training = self.state, self.job.training
        tolerance, max_seconds = training.stop.step_tolerance, training.stop.max_seconds
        if self.steps.ended is not None:
            state.end(SEARCH, self.steps.gradient_norm, self.steps.ended)
        elif state.step == training.max_steps:
            state.end("max_steps", state.step, f"max_steps {training.max_steps} reached")
        elif tolerance is not None and self.steps.change < tolerance:
            why = f"‖Δθ‖ = {self.steps.change:.3g} fell below step_tolerance {tolerance:g}"
            state.end(FALLING, self.steps.change, why)
        elif max_seconds is not None:
            seconds = state.elapsed + state.seconds + perf_counter() - since
            if seconds > max_seconds:
                state.end("stop.max_seconds", seconds, f"max_seconds {max_seconds:g} reached")
        return state.stopped is not None

    def _finish_epoch(self, *, measured: bool) -> EpochRecord:
        job, state, steps = self.job, self.state, self.steps
        self._check_parameters(measured=measured)
        cost = state.cost_sum / state.rows
        if cost > EXPLODED * max(1.0, state.first_cost or 0.0):
            raise self._divergence(f"the epoch's cost grew to {cost:.4g}", step=state.step)
        figures = job.metrics.figures(state.metric_sums, state.rows, job.network.n_out, job.spreads)
        with state.as_result():
            if job.whole is not None:  # they need the scores of all examples under the same parameters
                figures = job.metrics.in_order({**figures, **job.whole()})
            validation = job.validation() if job.validation else None
        record = EpochRecord(
            epoch=state.epoch + 1,
            step=state.step,
            lr=steps.lr,
            train={"cost": cost, **figures},
            validation=validation,
            gradient_norm=steps.gradient_norm,
            update_ratio=steps.change / steps.length if steps.length else None,
            seconds=state.seconds,
            examples_per_second=state.rows / state.seconds if state.seconds else 0.0,
            layers=self._layers(),
        )
        if state.batch == job.batches.per_epoch:  # or training ended within the epoch, and may go on from there
            state.finish_epoch()
            self._judge(record)
        return record

    def _layers(self) -> Layers | None:
        """Return the health of the layers after a whole epoch in which it is due."""
        state, probe = self.state, self.job.probe
        if probe is None or state.batch < self.job.batches.per_epoch or (state.epoch + 1) % probe.every:
            return None
        if self.health is None:
            self.health = Health(self.job.network, probe.X, probe.t)
        return self.health.measure(self.steps.moved)

    def _judge(self, record: EpochRecord) -> None:
        """Show a whole epoch to the schedule and to the rule of patience."""
        state, patience = self.state, self.job.training.stop.patience
        state.schedule_memory = self.job.schedule.observe(self.cost.value(record), state.schedule_memory)
        value = self.monitor.value(record)
        if self.monitor.improves(value, state.best_value):
            state.best_value, state.best_epoch, state.waited = value, state.epoch, 0
            return
        state.waited += 1
        if patience is not None and state.waited >= patience and state.stopped is None:
            epochs = "1 epoch" if state.waited == 1 else f"{state.waited} epochs"
            why = f"no better {self.monitor.name} for {epochs}, best in epoch {state.best_epoch}"
            state.end("stop.patience", state.waited, why)

    def _check_parameters(self, *, measured: bool = False) -> None:
        """Raise DivergenceError if the last step made a parameter or a slot infinite or NaN.

        Where that step was measured, the finite norms of θ before it and of Δθ speak for all parameters.
        """
        steps, theta = self.steps, self.state.params.theta
        known = measured and isfinite(steps.length)
        vectors = self.state.slots.values() if known else (theta, *self.state.slots.values())
        if not (isfinite(steps.change) and all(isfinite(v.min()) and isfinite(v.max()) for v in vectors)):
            raise self._divergence("the step is too long", step=self.state.step)

    def _divergence(self, what: str, *, step: int | None = None) -> DivergenceError:
        """Return the error for ``step``, counted from 1; by default for the current one, which is not counted yet."""
        state = self.state
        bad = next((name for name, view in state.tensors().items() if not np.isfinite(view).all()), None)
        where = f"; first tensor that is not finite: {bad}" if bad else ""
        advice = f"lower optimizer.lr (now {self.steps.lr:g}), scale the data or set train.clip_norm"
        return DivergenceError(
            f"epoch {state.epoch + 1}, step {step or state.step + 1}: diverged, {what}{where}; {advice}", what=what
        )
