"""The first ten costs of a small run for each loss stay what they are, in float64.

After a wanted change of the mathematics: ``python tests/train/test_golden.py`` writes them anew; read the difference.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nntrain.data.batches.in_memory import Batches
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES
from nntrain.ops.metrics import MetricSet, default_metrics
from nntrain.ops.models import Mlp
from nntrain.ops.optimizers import Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Constant
from nntrain.train.job import Job
from nntrain.train.loop import fit
from nntrain.train.settings import Training
from nntrain.train.state import State

GOLDEN = Path(__file__).parents[1] / "golden" / "costs.json"
N, D, WIDTH = 29, 4, 3


def data(loss):
    """Return (X, t, y) made of sines: numbers that no random generator can change."""
    X = np.sin(np.arange(1, N * D + 1)).reshape(N, D)
    z = np.cos(np.arange(1, N * WIDTH + 1)).reshape(N, WIDTH)
    y = z.argmax(axis=1) if loss.tasks[0] == "classification" else (z + 1) / 2
    return X, loss.encode(y, WIDTH, X.dtype), y


def costs(loss):
    """Return the costs of the first ten steps of a 4-5-4-3 tanh and ReLU network; short batches are among them."""
    X, t, y = data(loss)
    model = Mlp(hidden=(5, 4), activation=(ACTIVATIONS["tanh"](), ACTIVATIONS["relu"]()))
    network = Network(model.layers(D, WIDTH), loss, n_in=D, dtype="float64")
    network.params.theta[:] = np.sin(np.arange(network.params.size) * 7 + 1) / 2
    metrics = MetricSet(default_metrics(loss.tasks[0]), loss.tasks[0])
    job = Job(
        network=network,
        metrics=metrics,
        batches=Batches(X, t, y, batch_size=8, seed=0, plan=network.plan),
        validation=None,
        optimizer=Sgd(lr=0.1, momentum=0.5),
        schedule=Constant(),
        penalty=Penalty(l2=0.01),
        training=Training(epochs=3, batch_size=8, dtype="float64", max_steps=10),
        seed=0,
        spreads=metrics.spreads(t),
    )
    state, sums, found = State.start(network.params, job.optimizer), [0.0], []
    for event in fit(job, state, pause_every=1):
        rows = min(8, N - 8 * ((event.step - 1) % 4))
        at_epoch_s_end = event.step % 4 == 0 or event.step == 10
        total = event.train["cost"] * ((event.step - 1) % 4 * 8 + rows) if at_epoch_s_end else state.cost_sum
        found.append((total - sums[-1]) / rows)
        sums.append(0.0 if at_epoch_s_end else total)
    return found


@pytest.mark.parametrize("loss", [entry() for entry in LOSSES.values()], ids=LOSSES)
def test_the_first_ten_costs(loss):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if loss.kind not in golden:
        pytest.fail(f"no golden costs of {loss.kind} yet: run python {Path(__file__).name}")
    found = costs(loss)
    assert len(found) == len(golden[loss.kind]) == 10
    for cost, expected in zip(found, golden[loss.kind], strict=True):
        assert math.isclose(cost, expected, rel_tol=1e-10, abs_tol=1e-10)


def test_the_file_holds_the_losses_there_are():
    assert json.loads(GOLDEN.read_text(encoding="utf-8")).keys() == LOSSES.keys()


if __name__ == "__main__":
    with threadpool_limits(1, user_api="blas"):
        GOLDEN.parent.mkdir(exist_ok=True)
        text = json.dumps({kind: costs(entry()) for kind, entry in LOSSES.items()}, indent=1)
        GOLDEN.write_text(text + "\n", encoding="utf-8")
