"""Runs that search for their optimum: what they refuse, what they certify, and how they are gone on with."""

import numpy as np
import pytest

from nntrain.errors import InterruptedRun, SpecError
from nntrain.runs.assembly import prepare_run
from nntrain.spec import reload

DIGITS = {
    "data": {"source": "digits", "scale": "standard"},
    "model": {"kind": "softmax", "bias": False},
    "penalty": {"l2": 1 / 1797},
    "optimizer": "lbfgs",
    "train": {"epochs": 1000, "batch_size": "all", "dtype": "float64"},
    "checkpoint": {"best": "last"},
}
EXACT = ("optimizer=lbfgs", "train.batch_size=all", "train.epochs=200", "train.stop.patience=null", "model.dropout=0")
PLAIN = (*EXACT, "schedule=constant", "train.dtype=float64", "checkpoint.best=last")


def test_softmax_with_l2_on_the_digits_ends_at_its_optimum(trained):
    run, _ = trained(reload(DIGITS), "digits")
    optimum = run.summary["optimum"]
    assert optimum["gradient_norm"] < 1e-12
    assert optimum["duality_gap"] == pytest.approx(optimum["gradient_norm"] ** 2 * 1797 / 2)
    X, y = run.data.train.array, run.data.train.y
    W = run.job.network.params.values[0].W
    Z = X @ W.T
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    gradient = (P - np.eye(10)[y]).T @ X / len(X) + W / 1797  # strictly convex: where it is 0 is the one optimum
    assert np.abs(gradient).max() * 1797 < 1e-9  # how far any weight may be from it


@pytest.mark.slow
@pytest.mark.parametrize("C", [1.0, 0.01])
def test_scikit_learn_finds_the_same_weights(C, trained):
    """Its own solver by Newton steps, which is run until its gradient is below 1e-12."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    run, _ = trained(reload(DIGITS, ["model.bias=true", f"penalty.l2={1 / (1797 * C)!r}"]), "digits")
    X, y = run.data.train.array, run.data.train.y
    theirs = linear_model.LogisticRegression(C=C, tol=1e-12, solver="newton-cg", max_iter=1000).fit(X, y)
    ours = run.job.network.params.values[0]
    np.testing.assert_allclose(ours.W, theirs.coef_, atol=1e-7)
    np.testing.assert_allclose(ours.b - ours.b.mean(), theirs.intercept_ - theirs.intercept_.mean(), atol=1e-7)


def test_a_gap_is_told_only_where_it_bounds_the_cost(tiny, trained):
    run, _ = trained(tiny(*PLAIN), "hidden")
    assert run.summary["optimum"]["duality_gap"] is None
    fresh, _ = trained(tiny(), "sgd")
    assert "optimum" not in fresh.summary


WRONG = {
    "train.batch_size=8": (
        "train.batch_size: lbfgs takes all rows at once, got 8; set it to all, or use another optimizer"
    ),
    "model.dropout=0.2": (
        "model.dropout: lbfgs needs one cost for all its steps, and here each draws another; set it to 0"
    ),
    "model.input_noise=0.2": (
        "model.input_noise: lbfgs needs one cost for all its steps, and here each draws another; set it to 0"
    ),
    "penalty.l1=0.1": "penalty.l1: lbfgs needs a cost without kinks, and l1 has one at 0; use sgd",
    "loss=hinge": "loss: lbfgs needs a cost without kinks, got hinge; use another loss, or sgd with a falling rate",
    "schedule=cosine": "schedule: lbfgs looks for the length of each step itself; leave the schedule constant",
    "train.clip_norm=1": "train.clip_norm: lbfgs looks for the length of each step itself; leave it out",
}


@pytest.mark.parametrize("setting", WRONG)
def test_what_a_search_cannot_do_is_refused(setting, tiny):
    with pytest.raises(SpecError) as caught:
        prepare_run(tiny(*PLAIN, setting))
    assert [line.partition(": ")[2] for line in str(caught.value).splitlines()] == [WRONG[setting].partition(": ")[2]]


def after(steps):
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


@pytest.mark.parametrize("steps", [1, 7])
def test_interrupted_it_ends_as_if_it_had_not_been(steps, tiny, trained, lasting, tmp_path):
    spec = tiny(*PLAIN, "penalty.l2=0.01", "train.epochs=30")
    trained(spec, "whole")
    with pytest.raises(InterruptedRun):
        trained(spec, "broken", after(steps))
    trained(spec, "broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_an_optimum_stays_one_when_more_epochs_are_allowed(tiny, trained, lasting, tmp_path):
    options = (*PLAIN, "model={kind: softmax}", "loss=null", "penalty.l2=0.1")
    trained(tiny(*options), "run")
    before = lasting(tmp_path / "run")
    run, records = trained(tiny(*options, "train.epochs=900"), "run")
    assert records == []
    assert run.notes[-1].startswith(f"{tmp_path}/run: nothing to train: optimizer ended this run (no step lowers")
    assert lasting(tmp_path / "run") == before
