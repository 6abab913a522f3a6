"""Training with a line search: it ends at optima known otherwise, resumes bit for bit, and says when to stop."""

import json
from itertools import pairwise

import numpy as np
import pytest

from nntrain.errors import DivergenceError
from nntrain.ops.losses import Mse, Poisson, SoftmaxCrossEntropy, SquaredHinge
from nntrain.ops.models import Linear, Softmax
from nntrain.ops.optimizers import Lbfgs
from nntrain.ops.penalties import Penalty
from nntrain.train.line_search import Point, search
from nntrain.train.loop import fit
from nntrain.train.settings import Stop
from nntrain.train.state import State


def trained(job):
    state = State.start(job.network.params, job.optimizer)
    return state, list(fit(job, state))


def job_of(make_job, model=None, loss=None, **options):
    options = {"optimizer": Lbfgs(), "batch_size": 29, "epochs": 500, **options}
    return make_job(*([] if model is None else [model]), loss=loss, **options)


def test_least_squares_ends_at_the_solution_of_the_normal_equations(make_job):
    job = job_of(make_job, Linear(), Mse())
    state, records = trained(job)
    X, t, _ = job.batches._source
    ones = np.column_stack([X, np.ones(len(X))])
    best, *_ = np.linalg.lstsq(ones, t, rcond=None)
    p = job.network.params.values[0]
    np.testing.assert_allclose(np.column_stack([p.W, p.b]), best.T, atol=1e-12)
    assert state.ended_by[0] == "optimizer"
    assert state.stopped.startswith("no step lowers the cost any more in float64, ‖∇J‖ = ")
    assert len(records) == state.step < 100


def newton(f, theta):
    """Return the minimum of a function with gradient and Hessian, found by Newton's method with halved steps."""
    for _ in range(100):
        value, g, H = f(theta)
        step = np.linalg.solve(H, g)
        while f(theta - step)[0] > value and np.linalg.norm(step) > 1e-9:
            step /= 2
        theta = theta - step
    return theta


def test_softmax_with_l2_ends_where_newton_s_method_does(make_job):
    l2 = 0.02
    job = job_of(make_job, Softmax(bias=False), SoftmaxCrossEntropy(), penalty=Penalty(l2=l2))
    trained(job)
    X, t, _ = job.batches._source
    n, (d, c) = len(X), (X.shape[1], t.shape[1])

    def f(w):
        Z = X @ w.reshape(c, d).T
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        value = -np.log((P * t).sum(axis=1)).mean() + l2 / 2 * w @ w
        H = sum(np.kron(np.diag(p) - np.outer(p, p), np.outer(x, x)) for p, x in zip(P, X, strict=True)) / n
        return value, ((P - t).T @ X / n).reshape(-1) + l2 * w, H + l2 * np.eye(w.size)

    np.testing.assert_allclose(job.network.params.theta, newton(f, np.zeros(c * d)), atol=1e-12)


@pytest.mark.parametrize("loss", [SquaredHinge(), Poisson()], ids=lambda loss: loss.kind)
def test_other_smooth_costs_end_where_their_gradient_vanishes(make_job, loss):
    job = job_of(make_job, Linear(), loss, penalty=Penalty(l2=0.1))
    trained(job)
    X, t, _ = job.batches._source
    _, gradient = job.network.value_and_grad(X, t)
    w = slice(0, job.network.params.n_weights)
    gradient[w] += 0.1 * job.network.params.theta[w]
    assert np.linalg.norm(gradient) < 1e-12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hidden_layers_are_trained_and_every_step_goes_down(make_job, dtype):
    _, records = trained(job_of(make_job, dtype=dtype, penalty=Penalty(l2=1e-3), epochs=60))
    costs = [record.train["cost"] for record in records]
    rounding = 1 + 16 * float(np.finfo(dtype).eps)
    assert all(after <= before * rounding for before, after in pairwise(costs))
    assert costs[-1] < costs[0] / 4


@pytest.mark.parametrize("stops", [[1], [2, 3], [11, 12, 30]])
def test_a_run_that_is_interrupted_ends_as_if_it_had_not_been(make_job, stops):
    def run(stops):
        carried, records = None, []
        for stop in [*stops, None]:
            job = job_of(make_job, penalty=Penalty(l2=1e-3), epochs=40)
            state = State.start(job.network.params, job.optimizer)
            if carried:
                state.restore(*carried)
            for event in fit(job, state, interrupted=lambda state=state, stop=stop: state.step == stop):
                records += [event.train, event.gradient_norm] if hasattr(event, "train") else []
            tensors = {name: view.copy() for name, view in state.tensors().items()}
            carried = tensors, json.loads(json.dumps(state.figures()))
        return records, {name: view.tobytes() for name, view in tensors.items()}, state.search_memory

    assert run(stops) == run([])


def test_it_stops_within_the_tolerance_and_by_the_other_limits(make_job):
    state, records = trained(job_of(make_job, Softmax(), penalty=Penalty(l2=0.1), optimizer=Lbfgs(tolerance=1e-4)))
    assert records[-1].gradient_norm <= 1e-4 < records[-2].gradient_norm
    assert state.stopped == f"‖∇J‖ = {records[-1].gradient_norm:.3g}, within optimizer.tolerance 0.0001"
    assert records[-1].update_ratio == 0
    state, _ = trained(job_of(make_job, Softmax(), penalty=Penalty(l2=0.1), max_steps=3))
    assert state.stopped == "max_steps 3 reached"
    state, _ = trained(job_of(make_job, Softmax(), penalty=Penalty(l2=0.1), stop=Stop(step_tolerance=1e-3)))
    assert "fell below step_tolerance" in state.stopped


def test_an_end_that_the_optimizer_saw_is_one_however_long_the_run_may_be(make_job):
    job = job_of(make_job, Linear(), Mse())
    state, _ = trained(job)
    assert job.training.ends(*state.ended_by)


def test_a_start_without_a_cost_is_a_divergence(make_job):
    job = job_of(make_job, Linear(), Mse())
    job.network.params.theta[:] = 1e200
    with pytest.raises(DivergenceError, match="epoch 1, step 1: diverged, the cost is inf"):
        trained(job)


def test_batches_and_other_optimizers_are_not_taken(make_job):
    with pytest.raises(ValueError, match="a line search needs all rows in one batch"):
        trained(make_job(optimizer=Lbfgs(), epochs=1))


# --- the line search -------------------------------------------------------------------------------------------------

SHAPES = {
    "a parabola": (lambda a: (a - 3) ** 2, lambda a: 2 * (a - 3)),
    "a far one": (lambda a: 1e-6 * (a - 1e4) ** 2, lambda a: 2e-6 * (a - 1e4)),
    "a near one": (lambda a: 1e8 * (a - 1e-5) ** 2, lambda a: 2e8 * (a - 1e-5)),
    "a wall": (lambda a: -a if a < 0.3 else np.inf, lambda a: -1.0 if a < 0.3 else np.nan),
    "steep, then flat": (lambda a: -a / (a * a + 2), lambda a: (a * a - 2) / (a * a + 2) ** 2),
    "quartic": (
        lambda a: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
        lambda a: 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("first", [1e-3, 1.0, 1e3])
def test_the_wolfe_conditions_hold_where_there_is_such_a_point(name, first):
    """The shapes are of Moré and Thuente (1994), and some at the edge."""
    f, slope = SHAPES[name]
    start = Point(0.0, f(0.0), slope(0.0))
    found = search(lambda a: Point(a, f(a), slope(a)), start, first, 0.0)
    assert found.cost < start.cost
    if name != "a wall":  # which has none
        assert found.cost <= start.cost + 1e-4 * found.length * start.slope
        assert abs(found.slope) <= 0.9 * abs(start.slope)


def test_nothing_is_found_where_nothing_is_lower():
    assert search(lambda a: Point(a, 1.0 + a, 1.0), Point(0.0, 1.0, -1.0), 1.0, 0.0) is None


def test_where_the_cost_is_rounded_away_the_slope_decides():
    start = Point(0.0, 1.0, -1e-12)
    found = search(lambda a: Point(a, 1.0, 1e-12 * (a - 1)), start, 0.01, 1e-15)
    assert abs(found.slope) <= 0.9e-12
