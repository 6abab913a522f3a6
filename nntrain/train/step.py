"""One optimizer step: the recorded calls from a batch to the next parameters. Knows nothing of epochs or files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.core.calls import Call, Calls
from nntrain.core.memory import zeros
from nntrain.core.terms import Terms
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace
from nntrain.data.batches.in_memory import Batch
from nntrain.ops.layers import Context
from nntrain.ops.metrics import ReadSums
from nntrain.train.average import Average
from nntrain.train.fused_update import fuse, without
from nntrain.train.job import Job
from nntrain.train.shards import Shards
from nntrain.train.state import State

CHUNK = 1 << 17  # parameters updated at a time, so that they stay in the cache from one call to the next (measured)

METRIC = "metric"  # the label of calls that training does not depend on


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The calls for one batch buffer.

    ``recorded`` are those of the equations: the forward pass, the cost, the gradient. What runs is ``ahead``, after
    which the cost can be read, then ``backward``, in which the update of some weights may be part of the products;
    ``measured_backward`` does the same and leaves the gradient of all parameters behind.
    """

    recorded: Calls
    ahead: Sequence[Call]
    backward: Sequence[Call]
    measured_backward: Sequence[Call]
    rows: int
    cost: Callable[[], float]
    sums: ReadSums


class Stepper:
    """Binds steps for batch buffers, and the update that they all share."""

    def __init__(self, job: Job, state: State) -> None:
        self.job, self.state, self.network = job, state, job.network
        self.lr = job.optimizer.lr
        self._rates_for: float | None = None  # the learning rate that the update is prepared for, whatever the step
        self.ws: Workspace = job.network.workspace(job.batches.batch_size)
        self._steps: dict[tuple[int, int], Step] = {}
        params, optimizer = job.network.params, job.optimizer
        plain = job.training.clip_norm is None and not job.schedule.per_step and not job.penalty
        self.folded = optimizer.folds and plain and job.shards == 1  # whether grad holds ε∇J instead of ∇J
        self._scales: dict[float, Array] = {}  # the gradient's scale of a full and of a short batch
        self._penalty = np.zeros(2, params.theta.dtype)  # the parts of l1 and l2
        self._factors = job.penalty.factors(params) if job.penalty else None
        self._penalised = slice(0, params.n_weights if self._factors is None else params.size)
        self.before = zeros(params.size, params.theta.dtype)  # θ before a measured step, then Δθ
        self.squares = [np.zeros((), params.theta.dtype) for _ in range(3)]  # ‖g‖², ‖θ‖² and ‖Δθ‖² of a measured step
        self.clip_factor = np.zeros((), params.theta.dtype)
        self.rates = [np.zeros((), params.theta.dtype) for _ in optimizer.coefficients(1, optimizer.lr)]
        self._average = Average(job, state, CHUNK) if job.training.average is not None else None
        self.shares = self._average.shares if self._average else ()  # of the mean of the parameters
        self.changes = job.schedule.per_step or optimizer.per_step or self._average is not None  # in every step
        self.update_calls = self._record_update([(0, params.size)])
        self.rest = self.update_calls  # the update of what no product updates
        self._shards = Shards(job, state.clock, alone=job.team is None) if job.shards > 1 else None

    def __call__(self, batch: Batch) -> Step:
        """Return the step for a batch, bound once for each buffer."""
        step = self._steps.get(batch.slot)
        if step is None:
            step = self._steps[batch.slot] = self.bind(batch)
        return step

    @property
    def buffer_bytes(self) -> int:
        """Bytes of the buffers that the steps bound so far share."""
        return self.ws.nbytes + (self._shards.nbytes if self._shards else 0)

    def rate(self, step: int) -> float:
        """Return the learning rate of a 0-based step."""
        job, memory = self.job, self.state.schedule_memory
        per_epoch = job.batches.per_epoch
        factor = job.schedule.factor(step, steps_per_epoch=per_epoch, total_steps=job.total_steps, memory=memory)
        return job.optimizer.lr * factor

    def set_rates(self, lr: float) -> None:
        """Prepare the update of the coming step for learning rate ``lr``."""
        self.lr = lr
        if lr == self._rates_for:
            return
        self._rates_for = None if self.changes else lr
        for constant, scale in self._scales.items():
            scale[...] = constant * lr if self.folded else constant
        for rate, value in zip((*self.rates, *self.shares), self.values(self.state.step + 1, lr), strict=True):
            rate[...] = value

    def values(self, step: int, lr: float) -> Sequence[float]:
        """Return the values of ``rates`` and ``shares`` in the 1-based step."""
        shares = self._average.values(step) if self._average else ()
        return (*self.job.optimizer.coefficients(step, lr), *shares)

    def unfold(self, norm: float) -> float:
        """Return ‖∇J‖₂ for the norm of ``grad``; 0 where a rate of 0 is folded into the gradient."""
        return norm / self.lr if self.folded and self.lr else norm

    def remember(self) -> Sequence[Call]:
        """Return the calls that come before the backward pass of a measured step."""
        do, theta = self.network.calls(), self.network.params.theta
        do.label = "measure"
        do(np.copyto, self.before, theta)
        return do.calls

    def measure_gradient(self) -> Sequence[Call]:
        """Return the calls that measure the gradient: ‖g‖² into ``squares``."""
        do, grad = self.network.calls(), self.network.params.grad
        do.label = "measure"
        do(grad.dot, grad, out=self.squares[0])
        return do.calls

    def clip(self) -> Call:
        """Return the call that scales the gradient by ``clip_factor`` (Pascanu et al. 2013)."""
        do, grad = self.network.calls(), self.network.params.grad
        do.label = "clip"
        do(np.multiply, grad, self.clip_factor, out=grad)
        return do.calls[0]

    def measure_change(self) -> Sequence[Call]:
        """Return the calls that update what is left and measure the step: ‖θ‖² before it and ‖Δθ‖² into ``squares``."""
        do, theta, before = self.network.calls(), self.network.params.theta, self.before
        do.label = "measure"
        do(before.dot, before, out=self.squares[1])
        do.calls += self.rest.calls
        do(np.subtract, theta, before, out=before)
        do(before.dot, before, out=self.squares[2])
        return do.calls

    def bind(self, batch: Batch) -> Step:
        """Return a new step for a batch."""
        if self._shards is not None:
            return self._bind_shards(batch, self._shards)
        n, ws = len(batch.X), self.ws.resized(len(batch.X))
        ctx = Context(ws, training=True, seed=self.job.seed, clock=self.state.clock)
        bound = self.network.bind(batch.X, ctx)
        do, loss = bound.calls, self.network.loss
        do.label = METRIC
        plain = (loss.targets_of(batch.t), batch.y, loss.unweighted)  # metrics count every example alike
        sums = self.job.metrics.bind(do, bound.scores, *plain, ws)
        do.label = "loss"
        cost, bind_gradient = loss.bind(do, bound.scores, batch.t, ws)
        split = len(do)
        do.label = "loss backward"
        bind_gradient(do, self._scale)
        bound.backward(do, bound.scores)
        if self.job.penalty:
            cost = self._bind_penalty(do, cost)
            split = len(do)
        ahead: Sequence[Call] = do.calls[:split]
        backward: Sequence[Call] = do.calls[split:]
        measured = backward
        if self.folded and self.network.plan.fused:
            backward, measured = self._fuse(backward)
        return Step(do, ahead, backward, measured, n, cost, sums)

    def _bind_shards(self, batch: Batch, shards: Shards) -> Step:
        """Return a new step for a batch that is cut into shards: the whole gradient comes before the cost is read."""
        do, cost, sums = shards.bind_all(batch, self.state)
        if self.job.penalty:
            cost = self._bind_penalty(do, cost)
        return Step(do, do.calls, (), (), len(batch.X), cost, sums)

    def _fuse(self, backward: Sequence[Call]) -> tuple[Sequence[Call], Sequence[Call]]:
        """Let products update the weights they make the gradient of, the same weights in every step."""
        fused = fuse(backward, self.network.params)
        rest = self._record_update(list(without(fused.updated, self.network.params.size)))
        if self.rest is self.update_calls:
            self.rest = rest
        elif len(rest) != len(self.rest):
            raise ValueError("two batches let other weights be updated by their products")
        return fused.backward, fused.measured

    def _scale(self, constant: float) -> Array:
        """Return the 0-d array that scales the gradient: the constant, times the rate where that is folded in."""
        if constant not in self._scales:
            value = constant * self.lr if self.folded else constant
            self._scales[constant] = np.asarray(value, self.network.dtype)
        return self._scales[constant]

    def _bind_penalty(self, do: Calls, cost: Callable[[], float]) -> Callable[[], float]:
        params, l1_l2 = self.network.params, self._penalty
        do.label, part = "penalty", self._penalised
        self.job.penalty.bind(do, params.theta[part], params.grad[part], l1_l2, self.before[part], self._factors)
        l1, l2 = l1_l2[0:1].reshape(()), l1_l2[1:2].reshape(())
        return cost.plus(l1, l2) if isinstance(cost, Terms) else lambda: cost() + l1.item() + l2.item()

    def _record_update(self, spans: Sequence[tuple[int, int]]) -> Calls:
        """Record the update of the parameters in these spans."""
        do, params = self.network.calls(), self.network.params
        do.label = "update"
        scratch: Array = np.zeros(min(CHUNK, params.size), params.theta.dtype)
        for start in (at for first, stop in spans for at in range(first, stop, CHUNK)):
            stop = min(start + CHUNK, next(end for first, end in spans if first <= start < end))
            cut = slice(start, stop)
            if self.folded:
                do(np.subtract, params.theta[cut], params.grad[cut], out=params.theta[cut])  # θ ← θ − ε∇J
                continue
            slots = {name: vector[cut] for name, vector in self.state.slots.items()}
            self.job.optimizer.bind(do, params.theta[cut], params.grad[cut], slots, self.rates, scratch[: stop - start])
        if self.job.penalty.proximal:
            self._record_shrinking(do)
        if self._average:
            self._average.record(do)
        return do

    def _record_shrinking(self, do: Calls) -> None:
        """Record the step of l1 that follows the update, with the same rate."""
        do.label, stop = "proximal", self._penalised.stop
        scratch: Array = np.zeros((2, min(CHUNK, stop)), self.network.dtype)
        for start in range(0, stop, CHUNK):
            w = self.network.params.theta[start : min(start + CHUNK, stop)]
            factors = None if self._factors is None else self._factors[start : start + len(w)]
            size, threshold = scratch[:, : len(w)]
            self.job.penalty.shrink(do, w, self.rates[0], (size, threshold), factors)
