"""What is measured of a run: its units, the cost of constants, a validation cost that rises, a column that leaks."""

import numpy as np
import pytest

from nntrain.diagnosis.constant_scores import cost_of_constants
from nntrain.diagnosis.examination import FAR_APART
from nntrain.diagnosis.hidden_units import gradient_spread, unit_state
from nntrain.diagnosis.leak import find_leak
from nntrain.network import Network
from nntrain.ops.activations.elementwise import Sigmoid, Tanh
from nntrain.ops.activations.rectifiers import Relu, Softplus
from nntrain.ops.initializers import Normal
from nntrain.ops.layers import Dense
from nntrain.ops.losses import LOSSES
from nntrain.ops.losses.entropy import SoftmaxCrossEntropy
from nntrain.ops.losses.squared import Mse
from nntrain.runs.assembly import prepare_run
from nntrain.runs.curve_shape import overfit, shape
from nntrain.spec import reload

X = np.random.default_rng(0).standard_normal((200, 3))


def network(unit, bias=0.0, std=1.0, units=10):
    net = Network(
        [Dense(units, Normal(std=std)), unit, Dense(2, Normal())], SoftmaxCrossEntropy(), n_in=3, dtype="float64"
    )
    net.initialize(0)
    net.params.values[0].b[:] = bias
    return net


def test_units_that_give_zero_on_every_row_are_dead():
    net = network(Relu())
    net.params.values[0].b[:7] = -100
    (layer,) = unit_state(net, X).layers
    assert (layer.kind, layer.units, layer.dead, layer.saturated) == ("relu", 10, 0.7, 0.0)


@pytest.mark.parametrize(("unit", "edge"), [(Tanh(), np.arctanh(0.98)), (Sigmoid(), np.log(99))])
def test_values_are_saturated_beyond_the_edge_on_both_sides(unit, edge):
    net = network(unit, std=1e-9)
    biases = np.array([edge * 1.01, -edge * 1.01, edge * 0.97, -edge * 0.97, 0, 0, 0, 0, 50, -50])
    net.params.values[0].b[:] = biases
    (layer,) = unit_state(net, X).layers
    assert (layer.dead, layer.saturated) == (0.0, 0.4)


def test_softplus_never_dies_and_never_saturates():
    (layer,) = unit_state(network(Softplus(), bias=-3.0), X).layers
    assert (layer.dead, layer.saturated) == (0.0, 0.0)


def test_units_that_are_all_alike():
    net = network(Tanh())
    assert not unit_state(net, X).alike
    net.params.theta[:] = 0
    assert unit_state(net, X).alike


def test_gradients_of_the_layers_are_far_apart_where_the_last_is_nearly_zero():
    net, t = network(Tanh()), np.eye(2)[np.arange(200) % 2]
    near = gradient_spread(net, X, t)
    net.params.values[2].W[:] = 1e-8
    assert near < FAR_APART < 1e6 < gradient_spread(net, X, t)
    net.params.theta[:] = 0
    assert gradient_spread(net, X, t) == np.inf


def test_the_cost_of_constants_of_classes_is_their_entropy():
    t = np.eye(3)[[0] * 5 + [1] * 3 + [2] * 2]
    p = np.array([0.5, 0.3, 0.2])
    assert cost_of_constants(SoftmaxCrossEntropy(), t) == pytest.approx(-(p * np.log(p)).sum(), rel=1e-3)


def test_the_cost_of_constants_of_numbers_is_their_variance():
    t = np.random.default_rng(1).normal(300.0, 2.0, (400, 1))
    loss = Mse()
    assert cost_of_constants(loss, t) == pytest.approx(loss.cost(np.full_like(t, t.mean()), t).mean(), rel=1e-6)


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "hinge", "crammer_singer"])
def test_the_cost_of_constants_is_never_below_the_best_of_a_grid(name):
    loss = LOSSES[name]()
    t = np.eye(2)[[0] * 6 + [1] * 4]
    grid = [loss.cost(np.tile([z, -z], (10, 1)), t).mean() for z in np.linspace(-3, 3, 601)]
    assert cost_of_constants(loss, t) == pytest.approx(min(grid), rel=2e-2)


def test_overfit_since_the_least_validation_cost():
    train = np.linspace(1.0, 0.1, 20)
    validation = np.r_[np.linspace(1.0, 0.5, 8), np.linspace(0.52, 0.8, 12)]
    found = overfit(train, validation, 0.01)
    assert found.since in (8, 9)
    assert found.rise == pytest.approx(0.77 / 0.51 - 1, abs=0.05)  # medians of the last and of the least three


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        (np.linspace(1, 0.1, 20), np.linspace(1, 0.3, 20)),  # it falls
        (np.linspace(1, 0.1, 5), np.r_[0.5, 0.6, 0.7, 0.8, 0.9]),  # too few epochs
        (np.full(20, 0.5), np.r_[0.5, np.linspace(0.5, 0.9, 19)]),  # training does not fall
        (np.linspace(1, 0.1, 20), np.r_[np.full(10, 1e-4), np.full(10, 2e-4)]),  # below the floor
        (np.linspace(1, 0.1, 20), np.array([])),  # no validation part
    ],
)
def test_no_overfit(train, validation):
    assert overfit(train, validation, 0.01) is None


def test_the_shape_counts_rises():
    seen = shape(4.0, np.array([2.0, 3.0, 1.0, 1.001]), 0.01)
    assert (seen.rises, seen.steps) == (1, 4)


def data_of(tmp_path, leaking):
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    columns = rng.normal(size=(300, 4)) + 0.6 * rng.normal(size=(3, 4))[y]
    if leaking:
        columns[:, 2] = 2 * y + 0.05 * rng.normal(size=300)
    rows = [",".join(f"{value:.5f}" for value in row) + f",k{label}" for row, label in zip(columns, y, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,d,y", *rows]) + "\n", encoding="utf-8")
    source = {"kind": "csv", "path": str(tmp_path / "t.csv"), "target": "y"}
    return prepare_run(reload({"data": {"source": source, "validation": 0.25}, "model": {"kind": "softmax"}})).data


def test_a_column_that_gives_the_target_away_is_named(tmp_path):
    leak = find_leak(data_of(tmp_path, leaking=True))
    assert (leak.column, leak.place) == ("c", 2)
    assert leak.alone >= 0.97 > leak.others


def test_an_honest_table_has_no_leak(tmp_path):
    assert find_leak(data_of(tmp_path, leaking=False)) is None


def test_a_set_that_is_easy_by_one_column_has_none():
    assert (
        find_leak(prepare_run(reload({"data": {"source": "iris", "validation": 0.25}, "model": "softmax"})).data)
        is None
    )
