"""Training steps played by the C extension in groups, from the gathering of a batch to the update.

They are those of the interpreter, bit for bit: the same recorded calls, made without it. Where the examples are arrays
in memory, the tape gathers each batch itself, so that a group may have many steps; other batches are brought one by
one. Knows nothing of records or files.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import sqrt
from time import perf_counter
from types import ModuleType

import numpy as np

from nntrain.core.calls import Call
from nntrain.core.tape import Tape
from nntrain.data.batches.in_memory import Batch
from nntrain.ops.optimizers import Adam, AdamW, Sgd
from nntrain.train.example_buffers import ExampleBuffers
from nntrain.train.helper_trial import HelperTrial
from nntrain.train.job import Job
from nntrain.train.state import State
from nntrain.train.step import Step, Stepper

LONGEST = 0.01  # seconds of a group, after which signals and limits are looked at
MOST = 4096  # steps of a group


class Player:
    """Takes steps in groups; ``lr``, ``gradient_norm``, ``change`` and ``length`` are those measured last."""

    ended: str | None = None  # why no further step is of use: there always is one

    def __init__(self, job: Job, state: State, extension: ModuleType) -> None:
        self.job, self.state, self._extension = job, state, extension
        self.stepper = Stepper(job, state)
        self.moved = self.stepper.before  # Δθ of the last measured step
        self.lr = 0.0
        self.gradient_norm = self.change = self.length = 0.0  # ‖∇J‖, ‖Δθ‖ and ‖θ‖ of the last measured step
        self._own = ExampleBuffers.of(job)  # None: the batches are brought by an iterator
        self._order: np.ndarray[tuple[int], np.dtype[np.intp]] | None = None
        self._batches: Iterator[Batch] = iter(())
        self.waited = 0.0  # seconds for batches that are brought
        self.tapes: dict[
            tuple[tuple[int, int], bool], Tape
        ] = {}  # by slot of the batch, and whether steps are measured
        self._steps: dict[tuple[int, int], Step] = {}
        changing = (*self.stepper.rates, *self.stepper.shares) if self.stepper.changes else ()
        self._values = [np.zeros(MOST, rate.dtype) for rate in changing]
        self._sums = job.metrics.n_sums(job.network.n_out)
        self._totals, self._costs = np.zeros(1 + self._sums), np.zeros(2)
        self._seconds = 1.0  # of a step
        self._helpers = HelperTrial()

    @staticmethod
    def suits(job: Job, extension: ModuleType) -> bool:
        """Tell whether the extension can play the steps of a job: one process takes them, one after another."""
        width = job.network.n_out
        if job.team is not None or job.optimizer.searches:
            return False
        return sum(metric.n_sums(width) for metric in job.metrics.metrics) <= int(extension.MOST_SUMS)

    def begin(self) -> None:
        """Open the batches of the current epoch from the current one on."""
        batches, state = self.job.batches, self.state
        if self._own is None:
            self._batches = batches.epoch(state.epoch, first=state.batch)
        else:
            self._order = batches.order(state.epoch)
        self.lr = self.stepper.rate(state.step)
        self.stepper.set_rates(self.lr)

    def take(self, most: int, *, measured: bool) -> str | None:
        """Take up to so many steps, as many as fit into a group; return what is not finite, else None.

        If they are measured, those of the last step are kept; a step that falls below the tolerance ends the group.
        """
        state, start = self.state, self.state.step
        batch = self._next_batch()
        count = 1 if self._own is None else max(1, min(most, MOST, int(LONGEST / self._seconds)))
        tape = self.tapes.get((batch.slot, measured))
        if tape is None:
            tape = self._build(batch, measured)
        if self._values:
            self._fill_rates(start, count)
        self._totals[:] = (state.cost_sum, *state.metric_sums) if state.rows else 0.0
        since = perf_counter()
        rows = self.job.batches.batch_size
        helped = self._helpers.are_worth_it
        done, status = tape.play(self._order, rows, state.batch, count, start, self._totals, self._costs, helped)
        self._seconds = max(1e-7, (perf_counter() - since) / count)
        self._helpers.record(self._seconds, count)
        failed = status in (self._extension.COST_NOT_FINITE, self._extension.NORM_NOT_FINITE)
        if self._values:
            self.lr = self.stepper.rate(start + (done if failed else done - 1))
        if done:
            state.count_group(done, tape.rows, self._totals.tolist(), self._costs.item(0))
        if state.batch == self.job.batches.per_epoch:
            self._order = None  # nothing may hold it while the epoch is scored
        if status == self._extension.COST_NOT_FINITE:
            return f"the cost is {self._costs.item(1)}"
        if measured:
            gradient, length, change = self.stepper.squares
            self.gradient_norm = self.stepper.unfold(sqrt(gradient.item()))
            if status == self._extension.NORM_NOT_FINITE:
                return "the gradient is not finite"
            self.length, self.change = sqrt(length.item()), sqrt(change.item())
        return None

    def _next_batch(self) -> Batch:
        if self._own is not None:
            return self._own.batch(self.state.batch)
        since = perf_counter()
        batch = next(self._batches)
        self.waited += perf_counter() - since
        return batch

    def _fill_rates(self, start: int, count: int) -> None:
        """Write what changes from step to step for a group of steps."""
        stepper = self.stepper
        rows = [stepper.values(step + 1, stepper.rate(step)) for step in range(start, start + count)]
        for values, column in zip(self._values, zip(*rows, strict=True), strict=True):
            values[:count] = column

    def _build(self, batch: Batch, measured: bool) -> Tape:
        """Return the tape of a batch buffer; what it does is what the interpreter does, in the same order."""
        stepper, training = self.stepper, self.job.training
        if batch.slot not in self._steps:
            self._steps[batch.slot] = stepper.bind(batch)
        step = self._steps[batch.slot]
        tape = Tape(self._extension, step.rows, self._sums)
        if self._own is not None:
            self._own.record(tape, batch)
        tape.tick(self.state.clock)
        tape.record(step.ahead)
        tape.cost(step.cost)
        for rate, values in zip((*stepper.rates, *stepper.shares), self._values, strict=False):
            tape.set(rate, values)
        if measured:
            gradient, _, change = stepper.squares
            tape.record([*stepper.remember(), *step.measured_backward, *stepper.measure_gradient()])
            tape.check_norm(gradient)
            if training.clip_norm is not None:
                tape.clip(gradient, training.clip_norm, stepper.clip_factor, stepper.clip())
            self._record_update(tape, stepper.measure_change())
        else:
            tape.record(step.backward)
            self._record_update(tape, stepper.rest.calls)
        tape.sums(step.sums)
        if measured and training.stop.step_tolerance is not None:
            tape.end_below(change, training.stop.step_tolerance)
        self.tapes[(batch.slot, measured)] = tape
        return tape

    def _record_update(self, tape: Tape, calls: Sequence[Call]) -> None:
        """Record an update, in one loop where the optimizer has one."""
        for label, group in groupby(calls, key=lambda call: call.label):
            if label != "update" or not self._update_in_one_loop(tape):
                tape.record(list(group))

    def _update_in_one_loop(self, tape: Tape) -> bool:
        """Append the update of momentum, adam or adamw as one loop; each operation is rounded as in its equations."""
        optimizer, params, slots, rates = (
            self.job.optimizer,
            self.job.network.params,
            self.state.slots,
            self.stepper.rates,
        )
        if type(optimizer) is Sgd and optimizer.momentum:
            operands = (params.grad, slots["velocity"], *rates, params.theta)
            return tape.update("MOMENTUM", operands, (optimizer.momentum, optimizer.nesterov))
        if type(optimizer) in (Adam, AdamW):
            operands = (params.grad, slots["m"], slots["v"], *rates, params.theta)
            return tape.update("ADAM", operands, (optimizer.beta1, optimizer.beta2))  # type: ignore[attr-defined]
        return False
