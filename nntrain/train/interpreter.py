"""Training steps made call by call: what a step is. The C player is held equal to it, bit for bit.

Knows nothing of epochs, records or files.
"""

from collections.abc import Callable, Iterator, Sequence
from math import isfinite, sqrt
from typing import Any

from nntrain.core.calls import Call
from nntrain.data.batches.in_memory import Batch
from nntrain.train.job import Job
from nntrain.train.state import State
from nntrain.train.step import Step, Stepper


def bind(calls: Sequence[Call]) -> list[Callable[[], Any]]:
    """Return calls ready to be made without arguments."""
    return [call.bind() for call in calls]


class Interpreter:
    """Takes one step at a time; ``lr``, ``gradient_norm``, ``change`` and ``length`` are those measured last."""

    ended: str | None = None  # why no further step is of use: there always is one

    def __init__(self, job: Job, state: State) -> None:
        self.job, self.state = job, state
        self.stepper = Stepper(job, state)
        self.moved = self.stepper.before  # Δθ of the last measured step
        self.lr = 0.0
        self.gradient_norm = self.change = self.length = 0.0  # ‖∇J‖, ‖Δθ‖ and ‖θ‖ of the last measured step
        self._batches: Iterator[Batch] = iter(())
        self._bound: dict[tuple[int, int], _BoundStep] = {}
        self._remember, self._measure = bind(self.stepper.remember()), bind(self.stepper.measure_gradient())
        self._clip = self.stepper.clip().bind()

    def begin(self) -> None:
        """Open the batches of the current epoch from the current one on."""
        self._batches = self.job.batches.epoch(self.state.epoch, first=self.state.batch)
        self._set_rate()

    def take(self, most: int, *, measured: bool) -> str | None:
        """Take a step, whatever number is allowed; return what is not finite, else None."""
        del most
        state, batch = self.state, next(self._batches)
        if self.stepper.changes:
            self._set_rate()
        step = self._bound.get(batch.slot)
        if step is None:
            step = self._bound[batch.slot] = _BoundStep(self.stepper, self.stepper(batch))
        state.clock[...] = state.step
        for call in step.ahead:
            call()
        cost = step.cost()
        if not isfinite(cost):
            return f"the cost is {cost}"
        if not measured:
            for call in step.backward:
                call()
        elif not self._take_measured(step):
            return "the gradient is not finite"
        state.count(step.rows, cost, step.sums())
        if state.batch == self.job.batches.per_epoch:
            self._batches = iter(())  # nothing may hold the order of the examples while the epoch is scored
        return None

    def _take_measured(self, step: "_BoundStep") -> bool:
        """Go back, update and measure; False if the gradient is not finite."""
        stepper, limit = self.stepper, self.job.training.clip_norm
        for call in (*self._remember, *step.measured_backward, *self._measure):
            call()
        norm = sqrt(stepper.squares[0].item())
        self.gradient_norm = stepper.unfold(norm)
        if not isfinite(norm):
            return False
        if limit is not None and norm > limit:
            stepper.clip_factor[...] = limit / norm
            self._clip()
        for call in step.measured_update:
            call()
        self.length, self.change = (sqrt(square.item()) for square in stepper.squares[1:])
        return True

    def _set_rate(self) -> None:
        self.lr = self.stepper.rate(self.state.step)
        self.stepper.set_rates(self.lr)


class _BoundStep:
    """A step whose calls are ready to be made."""

    def __init__(self, stepper: Stepper, step: Step) -> None:
        self.rows, self.cost, self.sums = step.rows, step.cost, step.sums
        self.ahead = bind(step.ahead)
        self.backward = [*bind(step.backward), *stepper.rest.bind()]
        self.measured_backward, self.measured_update = bind(step.measured_backward), bind(stepper.measure_change())
