"""Jobs for the tests of training: small networks on synthetic numbers, without specs or files."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nntrain.core.plan import Plan
from nntrain.data.batches.in_memory import Batches
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import SoftmaxCrossEntropy, Weighted
from nntrain.ops.metrics import MetricSet, default_metrics
from nntrain.ops.models import Mlp
from nntrain.ops.optimizers import Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Constant
from nntrain.train.evaluate import Evaluator
from nntrain.train.job import Job
from nntrain.train.settings import Training

MODEL = Mlp(hidden=(5,), activation=(ACTIVATIONS["tanh"](),))


def make_data(loss, n, d, width, dtype, seed=0):
    """Return (X, t, y, task) for the first task of the loss; targets depend on the inputs."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    z = X @ rng.normal(size=(d, width)) + rng.normal(size=(n, width)) / 4
    task = loss.tasks[0]
    if task == "classification":
        y = z.argmax(axis=1) if width > 1 else (z[:, 0] > 0).astype(np.int64)
    else:
        y = 1 / (1 + np.exp(-z)).astype(dtype)
    return X, loss.encode(y, width, np.dtype(dtype)), y, task


def make_job(
    model=MODEL,
    loss=None,
    *,
    n=29,
    d=4,
    width=3,
    batch_size=8,
    dtype="float64",
    optimizer=None,
    schedule=None,
    penalty=None,
    seed=3,
    validation=False,
    plan=None,
    weighted=False,
    **training,
):
    """Return a job with its parameters initialised; 29 examples in batches of 8 end with a short batch of 5."""
    loss, plan = loss or SoftmaxCrossEntropy(), plan or Plan()
    X, t, y, task = make_data(loss, n, d, width, dtype)
    costs = Weighted(loss) if weighted else loss
    t = costs.add_weights(t, np.random.default_rng(2).uniform(0, 2, n))
    network = Network(model.layers(d, width), costs, n_in=d, dtype=dtype, plan=plan)
    network.initialize(seed)
    metrics, penalty = MetricSet(default_metrics(task), task), penalty or Penalty()
    X_held, t_held, y_held, _ = make_data(loss, n // 2, d, width, dtype, seed=1)
    held_out = (X_held, costs.add_weights(t_held, None), y_held)
    return Job(
        network=network,
        metrics=metrics,
        batches=Batches(X, t, y, batch_size=batch_size, seed=seed, plan=plan),
        validation=Evaluator(network, metrics, penalty, *held_out) if validation else None,
        optimizer=optimizer or Sgd(lr=0.1),
        schedule=schedule or Constant(),
        penalty=penalty,
        training=Training(**{"epochs": 6, "batch_size": batch_size, "dtype": dtype} | training),
        seed=seed,
        spreads=metrics.spreads(costs.targets_of(t)),
    )


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Keep BLAS to one thread: faster for products as small as these, and bit for bit the same anywhere."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(name="make_job")
def make_job_fixture():
    """Return the maker of jobs."""
    return make_job
