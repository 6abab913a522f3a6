"""Scoring: in chunks and at once alike, as often as asked for, without a trace."""

import numpy as np
import pytest

from nntrain.ops.losses import LOSSES, Mse
from nntrain.ops.models import Mlp
from nntrain.ops.penalties import Penalty
from nntrain.train import evaluate
from nntrain.train.evaluate import Evaluator, chunk_rows, scores


@pytest.fixture
def few_rows(monkeypatch):
    """Score seven rows at a time."""
    monkeypatch.setattr(evaluate, "FEWEST_ROWS", 7)
    monkeypatch.setattr(evaluate, "MOST_ROWS", 7)


def scorer(job, penalty=None):
    X, t, y = job.batches._source
    return Evaluator(job.network, job.metrics, penalty or Penalty(), X, t, y)


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("loss", [entry() for entry in LOSSES.values()], ids=LOSSES)
def test_chunks_add_up_to_the_whole(make_job, loss):
    job = make_job(Mlp(hidden=(5,), dropout=(0.5,)), loss)  # nothing is dropped when scoring
    assert chunk_rows(job.network, 29) == 7
    X, t, _ = job.batches._source
    penalty = Penalty(l1=0.1, l2=0.2)
    figures = scorer(job, penalty)()
    z = job.network.forward(X)
    w = job.network.params.theta[: job.network.params.n_weights]
    assert figures["cost"] == pytest.approx(loss.cost(z, t).mean() + penalty.value(w), rel=1e-13)


@pytest.mark.usefixtures("few_rows")
def test_figures_follow_the_parameters(make_job):
    job = make_job()
    evaluator = scorer(job)
    first = evaluator()
    assert evaluator() == first
    job.network.params.theta *= 2
    assert evaluator()["cost"] != first["cost"]
    job.network.params.theta /= 2
    assert evaluator() == first


@pytest.mark.usefixtures("few_rows")
def test_r2_is_that_of_all_examples_together(make_job):
    job = make_job(loss=Mse())
    X, t, _ = job.batches._source
    figures, residual = scorer(job)(), job.network.forward(X) - t
    assert figures["r2"] == pytest.approx(1 - (residual**2).sum() / ((t - t.mean(axis=0)) ** 2).sum(), rel=1e-12)


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("n", [0, 1, 7, 8, 29])
def test_scores_of_any_number_of_rows(make_job, n):
    job = make_job()
    X = job.batches._source[0][:n]
    z = scores(job.network, X)
    assert z.shape == (n, 3)
    if n:
        np.testing.assert_allclose(z, job.network.forward(X), rtol=1e-13)


def test_a_chunk_is_bounded_however_wide_the_layers_are(make_job):
    network = make_job(Mlp(hidden=(300, 5)), dtype="float32").network
    assert chunk_rows(network, 10**6) * 300 * 4 <= evaluate.BLOCK_BYTES
    assert chunk_rows(network, 10) == 10
    assert chunk_rows(make_job(Mlp(hidden=(100_000,))).network, 10**6) == evaluate.FEWEST_ROWS
