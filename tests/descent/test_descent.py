"""Gradient descent on formulas: the lecture's path to the last digit, the kinds of points, and the largest rate."""

import numpy as np
import pytest

from nntrain.descent.course import Course, Limits, descend
from nntrain.descent.objective import Objective
from nntrain.descent.point import Point
from nntrain.graph import FormulaError, parse
from nntrain.ops.optimizers import OPTIMIZERS


def objective_of(formula: str, *over: str, **values: object) -> Objective:
    return Objective.of(parse(formula), {name: np.array(value, np.float64) for name, value in values.items()}, over)


def way(objective: Objective, kind: str = "sgd", limits: Limits | None = None, **settings: float) -> Course:
    return descend(objective.value_and_gradient, objective.start, OPTIMIZERS[kind](**settings), limits or Limits())


def gd(gradient, x, rate, tol, max_steps):
    """The lecture's: x ← x − ε ∇f(x) until ‖Δx‖ ≤ tol."""
    path = [x]
    for _ in range(max_steps):
        after = x - rate * gradient(x)
        path.append(after)
        if np.linalg.norm(after - x) <= tol:
            break
        x = after
    return np.array(path)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.17, 0.1999])
def test_the_path_is_the_lectures_to_the_last_digit(rate: float) -> None:
    found = way(objective_of("x**2/2 + 5*y**2", x=-4.5, y=1.2), lr=rate)
    wanted = gd(lambda x: np.array([x[0], 10 * x[1]]), np.array([-4.5, 1.2]), rate, 1e-8, 1000)
    assert found.points.tobytes() == wanted.tobytes()
    assert found.values == pytest.approx(wanted[:, 0] ** 2 / 2 + 5 * wanted[:, 1] ** 2)
    assert found.gradients == pytest.approx(wanted * [1, 10])


def test_it_stops_at_a_short_step_or_after_so_many() -> None:
    short = way(objective_of("x**2", x=1), limits=Limits(tol=0.1), lr=0.25)
    assert short.points.ravel().tolist() == [1, 0.5, 0.25, 0.125, 0.0625]  # the last step is 0.0625 long
    assert (short.stopped, short.converged) == ("‖Δx‖ ≤ 0.1 after 4 steps", True)
    long = way(objective_of("x**2", x=1), limits=Limits(max_steps=3), lr=0.25)
    assert (long.steps, long.stopped, long.converged) == (3, "max_steps 3 reached", False)
    grown = way(objective_of("x**2", x=1), limits=Limits(max_steps=3), lr=1.5)
    assert grown.stopped == "max_steps 3 reached; f has grown"


def test_what_leads_nowhere_is_told() -> None:
    found = way(objective_of("log(x) + x", x=0.01), lr=1.0)
    assert found.diverged
    assert found.stopped == "step 1 leads where there is no value: q1 = log(x) needs a number above 0, got x = -100.99"
    away = way(objective_of("x**2", x=1), lr=1.5)
    assert away.diverged
    assert away.stopped.startswith("step 40 left all bounds: ‖x‖ = 1.1e+12")


def test_momentum_is_that_of_the_optimizer() -> None:
    found = way(objective_of("x**2/2", x=1), limits=Limits(max_steps=2), lr=0.5, momentum=0.5)
    assert found.points.ravel().tolist() == [1, 0.5, 0.0]  # v = 1; then v = 0.5 + 0.5, x = 0.5 − 0.5


def test_noise_is_a_function_of_the_seed() -> None:
    ways = [
        way(objective_of("x**2", x=1), limits=Limits(noise=1, max_steps=5, seed=seed), lr=0.1) for seed in (0, 0, 1)
    ]
    assert ways[0].points.tolist() == ways[1].points.tolist() != ways[2].points.tolist()
    assert ways[0].gradients[0] == 2  # the gradient is told without its noise


@pytest.mark.parametrize(
    ("formula", "at", "kind", "rate"),
    [
        ("x**2/2 + 5*y**2", (0, 0), "minimum", 0.2),
        ("x**2 - y**2", (0, 0), "saddle", 1.0),
        ("-x**2 - 3*y**2", (0, 0), "maximum", None),
        ("x**2 + y**4", (0, 0), "degenerate", 1.0),
        ("x**2/2 + 5*y**2", (1, 0), "none", 0.2),
        ("x*y", (0, 0), "saddle", 2.0),
        ("x + y", (0, 0), "none", None),
        ("x*x*x*x", (0, 0), "degenerate", None),
    ],
)
def test_the_kind_of_a_point_and_the_largest_rate(formula, at, kind, rate) -> None:
    values = dict(zip("xy", at, strict=True))
    objective = objective_of(formula, **{name: values[name] for name in parse(formula).variables})
    _, gradient = objective.value_and_gradient(objective.start)
    point = Point.of(objective.hessian(objective.start).values, gradient)
    assert point.kind == kind
    assert point.largest_rate() == (None if rate is None else pytest.approx(rate))


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_largest_rate_parts_what_converges_from_what_does_not(momentum: float) -> None:
    objective = objective_of("x**2/2 + 5*y**2", x=1, y=1)
    point = Point.of(objective.hessian(objective.start).values, np.zeros(2))
    bound = point.largest_rate(momentum)
    for factor, stable in ((0.99, True), (1.01, False)):
        found = way(objective, limits=Limits(max_steps=5000), lr=bound * factor, momentum=momentum)
        assert bool(found.values[-1] < found.values[0]) is stable


def test_only_what_is_named_moves() -> None:
    objective = objective_of("sum((X @ w - y)**2)", "w", X=[[1, 1], [1, 2], [1, 3]], w=[0, 0], y=[1, 2, 2])
    found = way(objective, lr=0.05)
    assert found.points[-1] == pytest.approx(
        np.linalg.lstsq(np.array([[1, 1], [1, 2], [1, 3]]), [1, 2, 2])[0], abs=1e-5
    )
    assert objective.names == ["w[1]", "w[2]"]


@pytest.mark.parametrize(
    ("formula", "values", "over", "error"),
    [
        ("x * 2", {"x": [1, 2]}, (), "formula: is no number to make small, but has the shape 2; sum it up"),
        ("3 + 4", {}, (), "formula: has no variable to move"),
        ("x + y", {"x": 1, "y": 1}, ("z",), "formula: there is no variable 'z' (variables: x, y)"),
    ],
)
def test_what_cannot_be_made_small_is_refused(formula, values, over, error) -> None:
    with pytest.raises(FormulaError) as caught:
        objective_of(formula, *over, **values)
    assert str(caught.value) == error
