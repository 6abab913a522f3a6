"""nntrain itself: the records of its own ``fit``, one an epoch, assembled from a spec as ``nntrain fit`` does.

Shuffling, cost, accuracy, gradient norm and the checks for divergence are in the time; files and start-up are not.
"""

from typing import Any

import numpy as np

from benchmarks.peers.base import Peer, Run
from benchmarks.workloads import BYTE, Array, Problem
from nntrain.data.dataset import Dataset, Part
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.lazy_inputs import Inputs, scale_inputs
from nntrain.data.transforms.scaler import Scaler
from nntrain.data.transforms.transform import Transform
from nntrain.runs import assemble
from nntrain.spec import from_dict
from nntrain.train.job import Job
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord
from nntrain.train.state import State
from nntrain.train.step import Stepper

FOREVER = 1_000_000_000  # epochs: the caller takes as many as it wants


class NntrainFit(Peer):
    """The product's training loop over arrays in memory; BLAS threads and layout as it chooses them itself."""

    name = "nntrain"
    title = "nntrain"
    optimizers = ("sgd", "adam")

    def make(self, problem: Problem) -> Run:
        job = _job(problem)
        state = State.start(job.network.params, job.optimizer)
        records = (record for record in fit(job, state) if isinstance(record, EpochRecord))

        def run(epochs: int) -> Array:
            return np.array([next(records).train["cost"] for _ in range(epochs)])

        return run


class NntrainSteps(Peer):
    """The recorded calls of its step, over and over on one batch: what is left when the loop around them is not."""

    name = "nntrain-steps"
    title = "nntrain bare steps"
    trains = False

    def make(self, problem: Problem) -> Run:
        job = _job(problem)
        stepper = Stepper(job, State.start(job.network.params, job.optimizer))
        stepper.set_rates(job.optimizer.lr)
        batch = next(iter(job.batches.epoch(0)))
        step = stepper(batch)
        calls = [call.bind() for call in (*step.ahead, *step.backward, *stepper.rest)]

        def run(epochs: int) -> Array:
            for _ in range(epochs * problem.workload.steps):
                for call in calls:
                    call()
            return np.full(epochs, np.nan)

        return run


def _job(problem: Problem) -> Job:
    """The training job of the problem's spec on its arrays, with its weights written in."""
    data = _dataset(problem)
    job = assemble(from_dict(_spec(problem)), data).job(data.train)
    with_parameters = [p for p in job.network.params.values if vars(p)]
    for p, (W, b) in zip(with_parameters, problem.weights, strict=True):
        p.W[:], p.b[:] = W, b
    return job


def _spec(problem: Problem) -> dict[str, Any]:
    workload = problem.workload
    hidden = list(workload.sizes[1:-1])
    mlp = {"kind": "mlp", "hidden": hidden, "activation": workload.activation}
    return {
        "name": workload.name,
        "seed": problem.seed,
        "data": {"source": "xor"},  # required, not read: the arrays are at hand
        "model": mlp if hidden else {"kind": "softmax"},
        "loss": "softmax_cross_entropy" if workload.sizes[-1] > 1 else "sigmoid_cross_entropy",
        "optimizer": {"kind": workload.optimizer, "lr": workload.lr},
        "train": {"epochs": FOREVER, "batch_size": workload.batch},
    }


def _dataset(problem: Problem) -> Dataset:
    classes = max(problem.workload.sizes[-1], 2)
    X: Inputs = problem.X
    if problem.pixels is not None:  # what a source of images gives
        X = scale_inputs(problem.pixels, Scaler(np.zeros(1), np.full(1, BYTE)), "float32")
    return Dataset(
        train=Part(X, problem.y),
        validation=None,
        test=None,
        task="classification",
        class_names=tuple(map(str, range(classes))),
        feature_names=(),
        target_names=(),
        transform=Transform(Encoder.identity(), Scaler.identity()),
        fingerprint="",
    )
