"""The training loop: a plain generator that trains and yields records.

The caller logs, saves and draws; what it does between two records does not change the run. Knows nothing of files.
"""

from collections.abc import Iterator
from math import isfinite
from time import perf_counter

import numpy as np

from nntrain.errors import DivergenceError
from nntrain.train.job import Job
from nntrain.train.monitor import COST, Monitor, measured, stop_monitor
from nntrain.train.records import EpochRecord, Interrupted, Pause
from nntrain.train.settings import FALLING
from nntrain.train.state import State
from nntrain.train.step import Stepper

EXPLODED = 1e4  # an epoch whose cost is this many times that of the first batch, or 1, has diverged


def fit(
    job: Job, state: State, *, interrupted: Interrupted = bool, pause_every: int | None = None
) -> Iterator[EpochRecord | Pause]:
    """Train from ``state`` on, updating it in place; yield a record an epoch, and a pause every ``pause_every`` steps.

    ``interrupted`` is called after every step. Once it returns True, or says why, a final Pause is yielded and training
    stops; it can be resumed. Otherwise ``state.stopped`` says why training ended. Raises DivergenceError before numbers
    that are not finite reach the parameters of a finished epoch.
    """
    run = _Loop(job, state)
    while state.stopped is None and state.epoch < job.training.epochs:
        for event in _without_warnings(run.epoch(interrupted, pause_every)):
            yield event
            if isinstance(event, Pause) and event.interrupted:
                return
    if state.stopped is None:
        state.end("epochs", state.epoch, "all epochs done")


def _without_warnings(events: Iterator[EpochRecord | Pause]) -> Iterator[EpochRecord | Pause]:
    """Yield the events with NumPy's warnings off inside the loop, and as the caller set them outside."""
    while True:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # values are checked instead
            event = next(events, None)
        if event is None:
            return
        yield event


class _Loop:
    """One training: the bound steps of its job, its monitors, and the norms that were measured last."""

    def __init__(self, job: Job, state: State) -> None:
        self.job, self.state = job, state
        self.stepper = Stepper(job, state)
        has_validation = job.validation is not None
        self.monitor = stop_monitor(job.training.stop, job.metrics.metrics, validation=has_validation)
        self.cost = Monitor(measured(COST, validation=has_validation))  # what the schedule observes
        self.lr = 0.0
        self.gradient_norm = self.change = self.length = 0.0  # ‖∇J‖, ‖Δθ‖ and ‖θ‖ of the last measured step

    def epoch(self, interrupted: Interrupted, pause_every: int | None) -> Iterator[EpochRecord | Pause]:
        """Run the rest of the unfinished epoch and yield its record; pauses come in between."""
        job, state, stepper = self.job, self.state, self.stepper
        last = job.batches.per_epoch - 1
        new_rate_each_step = job.schedule.per_step or job.optimizer.per_step
        training, stop = job.training, job.training.stop
        always_measured = stop.step_tolerance is not None or training.clip_norm is not None
        has_rules = not (training.max_steps is stop.step_tolerance is stop.max_seconds is None)
        self._set_rate()
        since = perf_counter()
        for batch in job.batches.epoch(state.epoch, first=state.batch):
            if new_rate_each_step:
                self._set_rate()
            step = stepper(batch)
            state.clock[...] = state.step
            for call in step.calls:
                call()
            cost = step.cost()
            if not isfinite(cost):
                raise self._divergence(f"the cost is {cost}")
            if always_measured or state.batch == last or state.step + 1 == training.max_steps:
                self._measure_update()
            else:
                for call in stepper.update:
                    call()
            state.count(step.rows, cost, step.sums())
            if (has_rules and self._stops_here(since)) or state.batch > last:
                break
            halted = interrupted()
            if halted or (pause_every and state.step % pause_every == 0):
                state.seconds += perf_counter() - since
                self._check_parameters()
                yield Pause(state.step, interrupted=halted)
                since = perf_counter()
        state.seconds += perf_counter() - since
        yield self._finish_epoch()
        halted = interrupted()
        if halted and state.stopped is None and state.epoch < job.training.epochs:
            yield Pause(state.step, interrupted=halted)

    def _set_rate(self) -> None:
        job, state = self.job, self.state
        factor = job.schedule.factor(
            state.step,
            steps_per_epoch=job.batches.per_epoch,
            total_steps=job.total_steps,
            memory=state.schedule_memory,
        )
        self.lr = job.optimizer.lr * factor
        self.stepper.set_rates(self.lr)

    def _measure_update(self) -> None:
        self.gradient_norm = self.stepper.gradient_norm()
        if not isfinite(self.gradient_norm):
            raise self._divergence("the gradient is not finite")
        if self.job.training.clip_norm is not None:
            self.stepper.clip(self.gradient_norm, self.job.training.clip_norm)
        self.change, self.length = self.stepper.measure_update()

    def _stops_here(self, since: float) -> bool:
        """Tell whether a rule ends training at this step, and note which one."""
        state, training = self.state, self.job.training
        tolerance, max_seconds = training.stop.step_tolerance, training.stop.max_seconds
        if state.step == training.max_steps:
            state.end("max_steps", state.step, f"max_steps {training.max_steps} reached")
        elif tolerance is not None and self.change < tolerance:
            why = f"‖Δθ‖ = {self.change:.3g} fell below step_tolerance {tolerance:g}"
            state.end(FALLING, self.change, why)
        elif max_seconds is not None:
            seconds = state.elapsed + state.seconds + perf_counter() - since
            if seconds > max_seconds:
                state.end("stop.max_seconds", seconds, f"max_seconds {max_seconds:g} reached")
        return state.stopped is not None

    def _finish_epoch(self) -> EpochRecord:
        job, state = self.job, self.state
        self._check_parameters()
        cost = state.cost_sum / state.rows
        if cost > EXPLODED * max(1.0, state.first_cost or 0.0):
            raise self._divergence(f"the epoch's cost grew to {cost:.4g}", step=state.step)
        figures = job.metrics.figures(state.metric_sums, state.rows, job.network.n_out, job.spreads)
        record = EpochRecord(
            epoch=state.epoch + 1,
            step=state.step,
            lr=self.lr,
            train={"cost": cost, **figures},
            validation=job.validation() if job.validation else None,
            gradient_norm=self.gradient_norm,
            update_ratio=self.change / self.length if self.length else None,
            seconds=state.seconds,
            examples_per_second=state.rows / state.seconds if state.seconds else 0.0,
        )
        if state.batch == job.batches.per_epoch:  # or training ended within the epoch, and may go on from there
            state.finish_epoch()
            self._judge(record)
        return record

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

    def _check_parameters(self) -> None:
        """Raise DivergenceError if the last step made a parameter or a slot infinite or NaN."""
        vectors = (self.state.params.theta, *self.state.slots.values())
        if not (isfinite(self.change) and all(isfinite(v.min()) and isfinite(v.max()) for v in vectors)):
            raise self._divergence("the step is too long", step=self.state.step)

    def _divergence(self, what: str, *, step: int | None = None) -> DivergenceError:
        """Return the error for ``step``, counted from 1; by default for the current one, which is not counted yet."""
        state = self.state
        bad = next((name for name, view in state.tensors().items() if not np.isfinite(view).all()), None)
        where = f"; first tensor that is not finite: {bad}" if bad else ""
        advice = f"lower optimizer.lr (now {self.lr:g}), scale the data or set train.clip_norm"
        return DivergenceError(
            f"epoch {state.epoch + 1}, step {step or state.step + 1}: diverged, {what}{where}; {advice}", what=what
        )
