"""nntrain itself: the records of its own ``fit``, one an epoch, with everything that ``nntrain fit`` computes for them.

Shuffling, cost, accuracy, gradient norm and the checks for divergence are in the time, files and start-up are not.
"""

import numpy as np
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from benchmarks.peers.base import Peer, Run
from benchmarks.workloads import Array, Problem
from nntrain.core.plan import Plan
from nntrain.data.batches import Batches
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.metrics import metric_for
from nntrain.ops.models import Mlp
from nntrain.ops.optimizers import Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Constant
from nntrain.train.loop import Job, fit
from nntrain.train.options import Training
from nntrain.train.records import EpochRecord
from nntrain.train.state import State

FOREVER = 1_000_000_000  # epochs: the caller takes as many as it wants


class NntrainFit(Peer):
    """The product's training loop over arrays in memory."""

    name = "nntrain"
    title = "nntrain"

    def make(self, problem: Problem) -> Run:
        job = _job(problem)
        state = State.start(job.network.params, job.optimizer)
        records = (record for record in fit(job, state) if isinstance(record, EpochRecord))

        def run(epochs: int) -> Array:
            return np.array([next(records).train["cost"] for _ in range(epochs)])

        return run


def _job(problem: Problem) -> Job:
    """What ``fit`` trains: the problem's network with its weights, its batches, plain gradient descent."""
    workload, plan = problem.workload, _plan()
    network = _network(problem, plan)
    t = network.loss.encode(problem.y, network.n_out, network.dtype)
    return Job(
        network=network,
        metric=metric_for("classification"),
        batches=Batches(problem.X, t, problem.y, batch_size=workload.batch, seed=problem.seed, plan=plan),
        validation=None,
        optimizer=Sgd(lr=workload.lr),
        schedule=Constant(),
        penalty=Penalty(),
        training=Training(epochs=FOREVER, batch_size=workload.batch, dtype="float32"),
        seed=problem.seed,
    )


def _network(problem: Problem, plan: Plan) -> Network:
    workload = problem.workload
    n_in, *hidden, n_out = workload.sizes
    layers = Mlp(hidden=tuple(hidden), activation=(ACTIVATIONS[workload.activation](),)).layers(n_in, n_out)
    loss = SoftmaxCrossEntropy() if n_out > 1 else SigmoidCrossEntropy()
    network = Network(layers, loss, n_in=n_in, dtype="float32", plan=plan)
    dense = [p for p in network.params.values if vars(p)]
    for p, (W, b) in zip(dense, problem.weights, strict=True):
        p.W[:], p.b[:] = W, b
    return network


def _plan() -> Plan:
    """The plan for NumPy's own BLAS in this process."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas" and "numpy" in pool["filepath"]]
    return Plan.for_kernels(pools[0]["architecture"], pools[0]["num_threads"]) if pools else Plan()
