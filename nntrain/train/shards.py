"""A batch cut into shards: the gradient of a step as a sum of parts that different processes may compute.

Each shard has the rows that follow those of the shard before it, and gives its part in the mean cost, the sums of the
metrics, and its part in the gradient. They are added in the order of the shards. So the bits depend on the number of
shards, and not on who computes which. Knows nothing of optimizers, or of how processes talk.
"""

from collections.abc import Sequence
from functools import partial, reduce
from operator import add

import numpy as np

from nntrain.core.calls import Call, Calls
from nntrain.core.types import Array
from nntrain.data.batches.in_memory import Batch
from nntrain.ops.layers import Context
from nntrain.ops.losses import ReadCost
from nntrain.ops.metrics import ReadSums
from nntrain.train.job import Job
from nntrain.train.state import State


class Shards:
    """Binds the shards of a job's batches, all of them to the same buffers, as they are computed one after another."""

    def __init__(self, job: Job, clock: Array, *, alone: bool) -> None:
        self.job, self.clock, self.network = job, clock, job.network
        self.ws = job.network.workspace(-(-job.batches.batch_size // job.shards))
        self._total: Array = np.zeros(job.network.params.size if alone else 0, job.network.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers."""
        return self.ws.nbytes + self._total.nbytes

    def bind(self, batch: Batch, number: int, figures: Array) -> Sequence[Call]:
        """Return the calls for one shard: its part in the gradient is in ``params.grad`` afterwards.

        Its part in the mean cost, then its sums of the metrics, are in ``figures`` (1 + sums,).
        """
        job, n = self.job, len(batch.X)
        rows = slice(n * number // job.shards, n * (number + 1) // job.shards)
        if rows.start == rows.stop:  # the last batch has fewer rows than there are shards
            do = self.network.calls()
            do(figures.fill, 0)
            do(self.network.params.grad.fill, 0)
            return do.calls
        ws, share = self.ws.resized(rows.stop - rows.start), (rows.stop - rows.start) / n
        context = Context(ws, training=True, seed=job.seed, clock=self.clock, shard=(number,))
        bound = self.network.bind(batch.X[rows], context)
        do, t = bound.calls, ws.block(batch.t.shape[1])
        do.label = "metric"
        do(np.copyto, t, batch.t[rows])  # in the memory order of the scores
        loss = self.network.loss
        sums = job.metrics.bind(do, bound.scores, loss.targets_of(t), batch.y[rows], loss.unweighted, ws)
        do.label = "loss"
        cost, bind_gradient = loss.bind(do, bound.scores, t, ws)
        do(partial(_note, figures, share, cost, sums))
        do.label = "loss backward"
        bind_gradient(do, lambda constant: np.asarray(share * constant, self.network.dtype))
        bound.backward(do, bound.scores)
        return do.calls

    def bind_apart(self, batch: Batch, number: int, figures: Array, part: Array) -> Sequence[Call]:
        """Return the calls for one shard, with its part in the gradient in ``part`` (P,)."""
        do = self.network.calls()
        do.calls += self.bind(batch, number, figures)
        do(np.copyto, part, self.network.params.grad)
        return do.calls

    def bind_all(self, batch: Batch, state: State) -> tuple[Calls, ReadCost, ReadSums]:
        """Return the calls that leave the gradient of a batch in ``params.grad``, and how to read its cost and sums."""
        job, grad, do = self.job, self.network.params.grad, self.network.calls()
        last = job.shards - 1
        if job.team is None:
            figures: Array = np.zeros((job.shards, 1 + job.metrics.n_sums(self.network.n_out)))
            for number in range(job.shards):
                do.calls += self.bind(batch, number, figures[number])
                do.label = "sum of the shards"
                if number == 0:
                    do(np.copyto, self._total, grad)
                else:
                    do(np.add, self._total, grad, out=grad if number == last else self._total)
        else:
            figures, parts = job.team.figures, job.team.gradients
            do(partial(job.team.hand_out, state))
            for number in job.team.mine:
                do.calls += self.bind_apart(batch, number, figures[number], parts[number])
            do(job.team.collect)
            for number in range(1, job.shards):
                do(np.add, parts[0], parts[number], out=grad if number == last else parts[0])
        return do, lambda: _sum(figures[:, 0]), lambda: [_sum(column) for column in figures[:, 1:].T]


def _note(figures: Array, share: float, cost: ReadCost, sums: ReadSums) -> None:
    """Write down what can be read until the next shard uses the buffers."""
    figures[0], figures[1:] = share * cost(), sums()


def _sum(column: Array) -> float:
    """Return the sum, one number after another."""
    return float(reduce(add, column.tolist()))
