"""Steps of optimizers that look for the length of each step: cost and gradient of all rows, wherever they ask.

Each step is an epoch. Knows nothing of records or files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from nntrain.core.types import Array
from nntrain.ops.optimizers import Lbfgs
from nntrain.train.interpreter import bind
from nntrain.train.job import Job
from nntrain.train.line_search import Point, search
from nntrain.train.state import State
from nntrain.train.step import Stepper

NOISE = 16  # roundings of a cost that count as no difference
SHRINKS = 0.9  # the share of the smallest gradient so far, below which a step has gained something
PATIENCE = 20  # steps without a gain


class FullBatch:
    """Takes one step at a time; ``lr``, ``gradient_norm``, ``change`` and ``length`` are those measured last.

    ``ended`` says why no further step is of use, once that is so.
    """

    def __init__(self, job: Job, state: State) -> None:
        if job.batches.per_epoch != 1 or not isinstance(job.optimizer, Lbfgs):
            raise ValueError("a line search needs all rows in one batch, and an optimizer that gives a direction")
        self.job, self.state, self.optimizer = job, state, job.optimizer
        self.lr = job.optimizer.lr
        self.gradient_norm = self.change = self.length = 0.0
        self.moved: Array = np.zeros_like(job.network.params.theta)  # Δθ of the last step
        self.ended: str | None = None
        stepper = Stepper(job, state)
        self._step = step = stepper(next(iter(job.batches.epoch(0))))
        self._calls = bind([*step.ahead, *step.backward])
        self._here: _Place | None = None

    def begin(self) -> None:
        """Have nothing to open: all epochs have the same batch."""

    def take(self, most: int, *, measured: bool) -> str | None:
        """Take one step, whatever is asked for; return what is not finite, else None."""
        del most, measured
        state, optimizer, theta = self.state, self.optimizer, self.job.network.params.theta
        here = self._here or self.look()
        self.gradient_norm, self.length, self.change = _norm(here.gradient), _norm(theta), 0.0
        self.moved[:] = 0
        if not isfinite(here.cost):
            return f"the cost is {here.cost}"
        if not isfinite(self.gradient_norm):
            return "the gradient is not finite"
        found = self._step_from(here) if self.gradient_norm > optimizer.tolerance else None
        self._here = found or here
        state.count(self._step.rows, here.cost, here.sums)
        self._judge(here, found)
        return None

    def _step_from(self, here: "_Place") -> "_Place | None":
        """Go down from here, if there is a way; return where that leads. The direction is learned from in any case."""
        state, theta = self.state, self.job.network.params.theta
        d, slots = self.optimizer.direction(theta, here.gradient, state.slots, step=state.step + 1)
        for name, vector in state.slots.items():
            np.copyto(vector, slots[name])
        start, slope, seen = theta.copy(), float(here.gradient.dot(d)), dict[float, _Place]()

        def at(length: float) -> Point:
            np.copyto(theta, start + length * d)
            seen.clear()
            place = seen[length] = self.look()
            return Point(length, place.cost, float(place.gradient.dot(d)))

        noise = self._noise(here.cost)
        found = search(at, Point(0.0, here.cost, slope), self.lr, noise) if slope < 0 else None
        if found is not None and found.length not in seen:  # the last point that was looked at is another one
            at(found.length)
        if found is None:
            np.copyto(theta, start)
        np.subtract(theta, start, out=self.moved)
        self.change = _norm(self.moved)
        return None if found is None else seen[found.length]

    def _judge(self, before: "_Place", after: "_Place | None") -> None:
        """Note when no further step is of use: a gradient within the tolerance, or nothing gained for a while."""
        state, tolerance = self.state, self.optimizer.tolerance
        smallest, waited = state.search_memory or (self.gradient_norm, 0.0)
        if after is not None:
            norm = _norm(after.gradient)
            gained = before.cost - after.cost > self._noise(before.cost) or norm < SHRINKS * smallest
            smallest, waited = min(norm, smallest), 0.0 if gained else waited + 1
        state.search_memory = (smallest, waited)
        if self.gradient_norm <= tolerance:
            self.ended = f"‖∇J‖ = {self.gradient_norm:.3g}, within optimizer.tolerance {tolerance:g}"
        elif after is None or waited >= PATIENCE:
            dtype = self.job.network.dtype
            self.ended = f"no step lowers the cost any more in {dtype}, ‖∇J‖ = {self.gradient_norm:.3g}"

    def _noise(self, cost: float) -> float:
        return NOISE * float(np.finfo(self.job.network.dtype).eps) * abs(cost)

    def look(self) -> "_Place":
        """Return cost, gradient and sums of the metrics at the present parameters."""
        for call in self._calls:
            call()
        return _Place(self._step.cost(), self.job.network.params.grad.copy(), list(self._step.sums()))


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What is known of one place: the cost, its gradient (P,), and the sums of the metrics."""

    cost: float
    gradient: Array
    sums: Sequence[float]


def _norm(vector: Array) -> float:
    return float(np.linalg.norm(vector))
