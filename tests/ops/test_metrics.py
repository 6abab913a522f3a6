"""Metrics: figures by hand, sums over batches, scores left alone."""

import math

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace
from nntrain.ops.losses import LOSSES, BinaryHinge, Mse, SigmoidCrossEntropy, SigmoidMse, SoftmaxCrossEntropy
from nntrain.ops.metrics import METRICS, Accuracy, SquaredError, metric_for


def total(metric, z, t, y, loss):
    ws, do = Workspace(len(z), z.dtype, Plan()), Calls(Plan(), z.dtype)
    scores, target = ws.block(z.shape[1]), ws.block(z.shape[1])
    scores[:], target[:] = z, t
    read = metric.bind(do, scores, target, y, loss, ws)
    do.run()
    np.testing.assert_array_equal(scores, z)
    return read()


def test_every_task_has_its_metric():
    tasks = {task for entry in LOSSES.values() for task in entry.tasks}
    for task in tasks:
        assert task in metric_for(task).tasks
    assert {task for entry in METRICS.values() for task in entry.tasks} == tasks


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_accuracy_counts_the_largest_scores_and_the_first_of_equals(dtype):
    z = np.array([[1, 3, 2], [5, 5, 0], [5, 5, 0], [0, 0, 0], [-1, -3, -2]], dtype)
    y = np.array([1, 0, 1, 0, 2])
    loss = SoftmaxCrossEntropy()
    hits = total(Accuracy(), z, loss.encode(y, 3, np.dtype(dtype)), y, loss)
    assert hits == 3
    assert Accuracy().figures(hits, 5, 3, 0.0) == {"accuracy": 0.6}


@pytest.mark.parametrize(
    ("loss", "z", "hits"),
    [
        (SigmoidCrossEntropy(), [[-0.1], [0.1], [0.0], [2.0]], 3),  # 0 is not above the threshold: class 0
        (BinaryHinge(), [[-0.1], [0.1], [0.0], [2.0]], 3),
        (SigmoidMse(), [[-0.1], [0.1], [0.0], [2.0]], 3),
        (Mse(), [[0.4], [0.6], [0.5], [0.2]], 3),  # targets 0 and 1: the middle is one half
    ],
)
def test_one_score_is_compared_with_the_threshold_of_its_loss(loss, z, hits):
    y = np.array([0, 1, 1, 1]) if not isinstance(loss, Mse) else np.array([0, 1, 0, 1])
    z = np.array(z)
    assert total(Accuracy(), z, loss.encode(y, 1, z.dtype), y, loss) == hits


def test_in_multi_label_data_every_label_counts():
    y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    z = np.array([[2.0, -1.0], [1.0, 3.0], [-1.0, -2.0]])
    hits = total(Accuracy(), z, y, y, SigmoidCrossEntropy())
    assert hits == pytest.approx(3 / 2)
    assert Accuracy().figures(hits, 3, 2, 0.0)["accuracy"] == pytest.approx(0.5)


@pytest.mark.parametrize("width", [1, 3])
def test_rmse_and_r2_by_their_formulas(width):
    rng = np.random.default_rng(0)
    t, metric = rng.normal(size=(60, width)) + 5, SquaredError()
    z = t + rng.normal(size=t.shape) / 3
    figures = metric.figures(total(metric, z, t, t, Mse()), 60, width, metric.spread(t))
    assert figures["rmse"] == pytest.approx(math.sqrt(((z - t) ** 2).mean()), rel=1e-12)
    assert figures["r2"] == pytest.approx(1 - ((z - t) ** 2).sum() / ((t - t.mean(axis=0)) ** 2).sum(), rel=1e-12)


def test_the_prediction_is_compared_not_the_score():
    z, t = np.array([[-3.0, 4.0]]), np.array([[0.0, 1.0]])
    probability = 1 / (1 + np.exp(-z))
    assert total(SquaredError(), z, t, t, SigmoidMse()) == pytest.approx(((probability - t) ** 2).sum())


def test_constant_targets_have_no_variance_to_explain():
    metric = SquaredError()
    figures = metric.figures(0.0, 3, 1, metric.spread(np.full((3, 1), 7.0)))
    assert figures["rmse"] == 0
    assert math.isnan(figures["r2"])


def test_the_mean_of_equal_float32_targets_is_exact():
    t = np.full((100_003, 1), 0.1, np.float32)
    assert SquaredError().spread(t) == 0
