"""The network's own graph: a second way to the gradient, which agrees with the engine's."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.errors import SpecError
from nntrain.inspection.network_graph import network_graph, sample_graph
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS, Elementwise
from nntrain.ops.losses import LOSSES, Huber, Mse, SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.models import MODELS, Linear, Mlp, Softmax
from nntrain.ops.penalties import Penalty
from nntrain.runs import prepare_run
from nntrain.runs.assembly import IN_FLOAT64
from nntrain.spec import load

CONFIGS = Path(__file__).parents[2] / "configs"
D, CLASSES = 5, 3
TASKS = ("classification", "multilabel", "regression")
VARIED = [
    SoftmaxCrossEntropy(class_weights=(0.5, 2.0, 3.0), label_smoothing=0.1),
    SigmoidCrossEntropy(class_weights=(0.5, 3.0), label_smoothing=0.2),
    Huber(delta=0.05),
]


def takes_units(model):
    return "activation" in {field.name for field in fields(model)}


def fitting(model, loss):
    return model.loss_problem(loss) is None and any(model.task(task) in loss.tasks for task in TASKS)


PLAIN = [entry() for entry in MODELS.values() if not takes_units(entry)]
STACKED = [entry for entry in MODELS.values() if takes_units(entry)]
DEEP = [entry(hidden=(4, 3), activation=(unit(),)) for entry in STACKED for unit in ACTIVATIONS.values()]
PAIRS = [
    pytest.param(model, loss, id="-".join(part.kind for part in (model, *getattr(model, "activation", ()), loss)))
    for model in (*PLAIN, *DEEP)
    for loss in (*(entry() for entry in LOSSES.values()), *VARIED)
    if fitting(model, loss)
]


def example(model, loss, penalty, seed=0):
    """Return a network with random parameters, an example and its targets, and the engine's cost and gradients."""
    reconstructs = model.task("regression") == "reconstruction"
    labelled = not reconstructs and "regression" not in loss.tasks
    n_out = D if reconstructs else loss.width(CLASSES if labelled else 0, CLASSES)
    network = Network(model.layers(D, n_out), loss, n_in=D, dtype="float64")
    rng = np.random.default_rng(seed)
    network.params.theta[:] = rng.normal(0, 0.4, network.params.size)
    X = rng.uniform(0.1, 1.0, (1, D))
    y = rng.integers(0, n_out, 1) if labelled else X if reconstructs else rng.uniform(0, 1, (1, n_out))
    t = loss.encode(y, n_out, network.dtype)
    cost, gradient = network.value_and_grad(X, t)
    weights, do, parts = slice(0, network.params.n_weights), Calls(Plan(), network.dtype), np.zeros(2)
    w = network.params.theta[weights]
    penalty.bind(do, w, gradient[weights], parts, np.zeros_like(w))
    do.run()
    return network, X[0], t[0], cost + penalty.value(w)


def assert_same(network, penalty, x, t, cost):
    drawn = network_graph(network, penalty)
    trace = drawn.trace(network, x, t)
    place = {node.symbol: node.index for node in trace.graph.nodes}
    assert trace.graph.nodes[trace.graph.output].symbol == "J"
    assert float(trace.values[trace.graph.output]) == pytest.approx(cost, rel=1e-12, abs=1e-14)
    expected = dict(network.params.named(network.params.grad))
    assert set(drawn.parameters.values()) == set(expected)
    for symbol, name in drawn.parameters.items():
        got, want = trace.gradients[place[symbol]], expected[name]
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12, err_msg=f"{symbol}: {name}")
    assert any(np.abs(gradient).max() > 1e-3 for gradient in expected.values())


@pytest.mark.parametrize(("model", "loss"), PAIRS)
def test_gradients_agree_with_the_engine(model, loss):
    penalty = Penalty(l1=0.01, l2=0.1)
    network, x, t, cost = example(model, loss, penalty)
    assert_same(network, penalty, x, t, cost)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("penalty", [Penalty(), Penalty(l1=0.5), Penalty(l2=0.5)], ids=repr)
def test_of_each_model_with_each_part_of_the_penalty(kind, penalty):
    model = MODELS[kind]()
    loss = next(loss for loss in (entry() for entry in LOSSES.values()) if fitting(model, loss))
    network, x, t, cost = example(model, loss, penalty)
    assert_same(network, penalty, x, t, cost)


@pytest.mark.parametrize("pieces", [2, 3])
def test_maxout_and_prelu_by_name(pieces):
    layers = (ACTIVATIONS["maxout"](pieces=pieces), ACTIVATIONS["prelu"](initial=0.3))
    network, x, t, cost = example(Mlp(hidden=(4, 3), activation=layers), Mse(), Penalty(l2=0.5))
    assert_same(network, Penalty(l2=0.5), x, t, cost)
    assert list(network_graph(network, Penalty()).parameters) == ["W1", "b1", "W2", "b2", "slope2", "W3", "b3"]


def test_nodes_are_called_as_in_the_lectures():
    network, *_ = example(Mlp(hidden=(4, 3), activation=(ACTIVATIONS["tanh"](),)), Mse(), Penalty())
    graph = network_graph(network, Penalty()).graph
    named = {node.symbol: node.expression for node in graph.nodes if not node.symbol.startswith("q")}
    assert named["z1"] == "q1 + b1"
    assert named["h2"] == "tanh(z2)"
    assert list(graph.variables) == ["x", "W1", "b1", "W2", "b2", "W3", "b3", "t"]
    assert str(graph) == (
        "sum((W3 @ tanh(W2 @ tanh(W1 @ x + b1) + b2) + b3 - t) ** 2) / 3"  # the whole network in one line
    )


def test_with_a_penalty_the_cost_has_two_parts():
    network, *_ = example(Linear(), Mse(), Penalty())
    graph = network_graph(network, Penalty(l1=0.25)).graph
    named = {node.symbol: node.expression for node in graph.nodes}
    assert named["J"] == "L + R"
    assert str(graph).endswith("+ 0.25 * sum(abs(W1))")


def test_dropout_is_left_out():
    plain, dropping = (example(Mlp(hidden=(4,), dropout=(rate,)), Mse(), Penalty())[0] for rate in (0.0, 0.5))
    assert network_graph(dropping, Penalty()).graph == network_graph(plain, Penalty()).graph


def test_a_part_without_a_formula_is_named():
    @dataclass(frozen=True)
    class Cube(Elementwise):
        kind: ClassVar[str] = "cube"

        def f(self, z):
            return z * z * z

        def df(self, z):
            return 3 * z * z

    network, *_ = example(Mlp(hidden=(4,), activation=(Cube(),)), Mse(), Penalty())
    with pytest.raises(SpecError) as caught:
        network_graph(network, Penalty())
    assert str(caught.value) == "model: cube has no formula for the graph"


def test_a_row_of_a_spec():
    ready = prepare_run(load(CONFIGS / "digits-mlp.yaml", IN_FLOAT64))
    sample = sample_graph(ready, 3)
    place = {node.symbol: node.index for node in sample.trace.graph.nodes}
    np.testing.assert_array_equal(sample.trace.values[place["x"]], ready.data.train.X[3])
    assert sample.target == ready.data.class_names[ready.data.train.y[3]]
    network, loss = ready.assembly.network, ready.assembly.loss
    t = loss.encode(ready.data.train.y[3:4], 10, network.dtype)
    cost, gradient = network.value_and_grad(ready.data.train.X[3:4].copy(), t)
    assert float(sample.trace.values[place["L"]]) == pytest.approx(cost, rel=1e-12)
    b = dict(network.params.named(gradient))["layers.0.b"]
    np.testing.assert_allclose(sample.trace.gradients[place["b1"]], b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("row", [-1, 4])
def test_a_row_that_is_not_there(row):
    ready = prepare_run(load(CONFIGS / "xor-relu.yaml", IN_FLOAT64))
    with pytest.raises(SpecError) as caught:
        sample_graph(ready, row)
    assert str(caught.value) == f"--sample: the training part has rows 0…3, got {row}"


def test_scores_too_large_for_exp_are_no_trouble():
    network, x, t, _ = example(Softmax(), SoftmaxCrossEntropy(), Penalty())
    network.params.theta[:] *= 1e4
    cost, _ = network.value_and_grad(x[None], t[None])
    trace = network_graph(network, Penalty()).trace(network, x, t)
    assert float(trace.values[trace.graph.output]) == pytest.approx(cost, rel=1e-12, abs=1e-12)
