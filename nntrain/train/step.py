"""One optimizer step: the recorded calls from a batch to the next parameters. Knows nothing of epochs or files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace
from nntrain.data.batches.in_memory import Batch
from nntrain.ops.layers import Context
from nntrain.ops.metrics import ReadSums
from nntrain.train.job import Job
from nntrain.train.state import State

CHUNK = 1 << 17  # parameters updated at a time, so that they stay in the cache from one call to the next (measured)

METRIC = "metric"  # the label of calls that training does not depend on

BoundCalls = Sequence[Callable[[], Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Forward, cost and backward for one batch buffer."""

    recorded: Calls
    calls: BoundCalls
    rows: int
    cost: Callable[[], float]
    sums: ReadSums


class Stepper:
    """Binds steps for batch buffers, and the update that they all share."""

    def __init__(self, job: Job, state: State) -> None:
        self.job, self.state, self.network = job, state, job.network
        self.lr = job.optimizer.lr
        self.ws: Workspace = job.network.workspace(job.batches.batch_size)
        self._steps: dict[tuple[int, int], Step] = {}
        params, optimizer = job.network.params, job.optimizer
        plain = job.training.clip_norm is None and not job.schedule.per_step and not job.penalty
        self.folded = optimizer.folds and plain  # whether grad holds ε∇J instead of ∇J
        self._scales: dict[float, Array] = {}  # the gradient's scale of a full and of a short batch
        self._penalty = np.zeros(2, params.theta.dtype)  # the parts of l1 and l2
        self._before = np.zeros_like(params.theta)
        self.rates = [np.zeros((), params.theta.dtype) for _ in optimizer.coefficients(1, optimizer.lr)]
        self.update_calls = self._record_update()
        self.update: BoundCalls = self.update_calls.bind()

    def __call__(self, batch: Batch) -> Step:
        """Return the step for a batch, bound once for each buffer."""
        step = self._steps.get(batch.slot)
        if step is None:
            step = self._steps[batch.slot] = self._bind(batch)
        return step

    def set_rates(self, lr: float) -> None:
        """Prepare the update of the coming step for learning rate ``lr``."""
        self.lr = lr
        for constant, scale in self._scales.items():
            scale[...] = constant * lr if self.folded else constant
        for rate, value in zip(self.rates, self.job.optimizer.coefficients(self.state.step + 1, lr), strict=True):
            rate[...] = value

    def gradient_norm(self) -> float:
        """Return ‖∇J‖₂ of the last backward pass; 0 where a rate of 0 is folded into the gradient."""
        grad = self.network.params.grad
        norm = sqrt(float(np.dot(grad, grad)))
        return norm / self.lr if self.folded and self.lr else norm

    def _scale(self, constant: float) -> Array:
        """Return the 0-d array that scales the gradient: the constant, times the rate where that is folded in."""
        if constant not in self._scales:
            value = constant * self.lr if self.folded else constant
            self._scales[constant] = np.asarray(value, self.network.dtype)
        return self._scales[constant]

    def clip(self, norm: float, limit: float) -> None:
        """Scale the gradient of length ``norm`` down to ``limit`` if it is longer (Pascanu et al. 2013)."""
        if norm > limit:
            grad = self.network.params.grad
            np.multiply(grad, grad.dtype.type(limit / norm), out=grad)

    def measure_update(self) -> tuple[float, float]:
        """Run the update; return ‖Δθ‖₂ and ‖θ‖₂ before it."""
        theta, before = self.network.params.theta, self._before
        np.copyto(before, theta)
        length = sqrt(float(np.dot(before, before)))
        for call in self.update:
            call()
        np.subtract(theta, before, out=before)
        return sqrt(float(np.dot(before, before))), length

    def _bind(self, batch: Batch) -> Step:
        n, ws = len(batch.X), self.ws.resized(len(batch.X))
        ctx = Context(ws, training=True, seed=self.job.seed, clock=self.state.clock)
        bound = self.network.bind(batch.X, ctx)
        do, loss = bound.calls, self.network.loss
        do.label = METRIC
        sums = self.job.metrics.bind(do, bound.scores, batch.t, batch.y, loss, ws)
        do.label = "loss"
        cost, bind_gradient = loss.bind(do, bound.scores, batch.t, ws)
        do.label = "loss backward"
        bind_gradient(do, self._scale)
        bound.backward(do, bound.scores)
        if self.job.penalty:
            cost = self._bind_penalty(do, cost)
        return Step(do, do.bind(), n, cost, sums)

    def _bind_penalty(self, do: Calls, cost: Callable[[], float]) -> Callable[[], float]:
        params, l1_l2 = self.network.params, self._penalty
        weights = slice(0, params.n_weights)
        do.label = "penalty"
        self.job.penalty.bind(do, params.theta[weights], params.grad[weights], l1_l2, self._before[weights])
        return lambda: cost() + float(l1_l2[0]) + float(l1_l2[1])

    def _record_update(self) -> Calls:
        do, params = self.network.calls(), self.network.params
        do.label = "update"
        scratch: Array = np.zeros(min(CHUNK, params.size), params.theta.dtype)
        for start in range(0, params.size, CHUNK):
            cut = slice(start, min(start + CHUNK, params.size))
            if self.folded:
                do(np.subtract, params.theta[cut], params.grad[cut], out=params.theta[cut])  # θ ← θ − ε∇J
                continue
            slots = {name: vector[cut] for name, vector in self.state.slots.items()}
            self.job.optimizer.bind(
                do, params.theta[cut], params.grad[cut], slots, self.rates, scratch[: cut.stop - start]
            )
        return do
