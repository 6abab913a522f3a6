"""Random formulas: backpropagation against differences, text and back, and every operation by itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nntrain.graph import OPERATIONS, Builder, FormulaError, evaluate, parse, trace_graph, with_slope

NAMES = ["x", "y", "z", "w"]
UNARY = ["-{}", "exp({})", "log({})", "sqrt({})", "abs({})", "sigmoid({})", "tanh({})", "relu({})", "softplus({})"]
BINARY = ["{} + {}", "({} - {})", "{} * {}", "{} / ({})", "({}) ** {}", "max({}, {})", "min({}, {}, 0.25)"]
NUMBERS = st.integers(-3, 3).map(str) | st.floats(-3, 3, allow_nan=False).map(lambda v: f"{v:.3g}")


def formulas(unary=UNARY, binary=BINARY, names=NAMES):
    leaf = st.sampled_from(names) | NUMBERS
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds(str.format, st.sampled_from(unary), inner)
            | st.builds(str.format, st.sampled_from(binary), inner, inner)
        ),
        max_leaves=12,
    )


@settings(max_examples=300, deadline=None)
@given(text=formulas())
def test_a_formula_survives_the_way_to_text_and_back(text):
    graph = parse(text)
    assert parse(str(graph)) == graph
    assert str(parse(str(graph))) == str(graph)


VALUES = st.floats(-2, 2).map(lambda v: round(v, 3))


@settings(max_examples=300, deadline=None)
@given(text=formulas(), values=st.lists(VALUES, min_size=4, max_size=4))
def test_backpropagation_agrees_with_differences(text, values):
    graph = parse(text)
    try:
        trace = trace_graph(
            graph, {name: value for name, value in zip(NAMES, values, strict=True) if name in graph.variables}
        )
    except FormulaError:
        assume(False)
    assume(not trace.ties and _gentle(trace))
    for node, gradient, numeric in zip(graph.nodes, trace.gradients, trace.numeric(), strict=True):
        if node.varies:
            assert float(gradient) == pytest.approx(float(numeric), rel=1e-5, abs=1e-6), node.expression


def _gentle(trace):
    """Whether no value is near a kink or a pole: what differences cannot see past."""
    near = 1e-2
    for node in trace.graph.nodes:
        inputs = [float(trace.values[i]) for i in node.inputs]
        if node.operation is None:
            continue
        if node.operation.switch and min(abs(inputs[0] - (inputs[1] if len(inputs) > 1 else 0.0)), 1) < near:
            return False
        if node.operation.name in ("div", "log", "sqrt", "pow") and min(abs(v) for v in inputs) < near:
            return False
    return all(np.abs(array).max() < 1e4 for array in (*trace.values, *(edge.contribution for edge in trace.edges)))


@settings(max_examples=100, deadline=None)
@given(
    text=formulas(
        unary=["tanh({})", "sigmoid({})", "softplus({})", "exp(-abs({}))", "sum({}) * x"],
        binary=["{} + {}", "({} - {})", "{} * {}", "dot({} * x, {} + y)", "softmax(x * {} + {})"],
        names=["x", "y", "s"],
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_backpropagation_of_vectors_agrees_with_differences(text, seed):
    graph, rng = parse(text), np.random.default_rng(seed)
    given_ = {"x": rng.normal(size=3), "y": rng.normal(size=3), "s": rng.normal()}
    trace = trace_graph(graph, {name: given_[name] for name in graph.variables})
    assume(not trace.ties and all(np.abs(value).max() < 1e3 for value in trace.values))
    for node, gradient, numeric in zip(graph.nodes, trace.gradients, trace.numeric(), strict=True):
        if node.varies:
            scale = max(1.0, np.abs(gradient).max())
            np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-6 * scale, err_msg=node.expression)


@settings(max_examples=100, deadline=None)
@given(
    text=formulas(
        unary=["tanh({})", "exp(-({}) ** 2)", "softplus({})"], binary=["{} + {}", "{} * {}", "({} - {})"], names=["z"]
    )
)
def test_the_slope_as_a_graph_is_the_gradient(text):
    graph = parse(text)
    assume(graph.variables)
    slope, value = with_slope(graph)
    z = np.linspace(-1.5, 1.5, 7)
    trace = trace_graph(graph, {"z": z})
    got = np.broadcast_to(evaluate(slope, {"z": z}), z.shape)
    np.testing.assert_allclose(got, trace.gradients[0], rtol=1e-12, atol=1e-12)
    assert str(type(slope)(slope.nodes, value)) == str(graph)


POINTS = {"log": 1.3, "sqrt": 0.7, "pow": 1.4}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_the_derivative_of_its_value(name):
    operation, builder = OPERATIONS[name], Builder()
    point = POINTS.get(name, -0.6)
    inputs = [builder.variable("v"), builder.variable("w"), builder.constant(2)]
    if operation.arguments:
        inputs = [inputs[0], builder.constant(1), inputs[2]]
    graph = builder.build(builder.apply(name, *inputs[: operation.arity]))
    values = {"v": np.array([point, 2.5, 0.3, 1.1]), "w": np.array([0.8, 1.9, 0.9, 2.2])}
    trace = trace_graph(graph, {symbol: values[symbol] for symbol in graph.variables})
    for gradient, numeric in zip(trace.gradients[:2], trace.numeric()[:2], strict=True):
        np.testing.assert_allclose(gradient, numeric, rtol=1e-9, atol=1e-9)
    assert {edge.rule for edge in trace.edges} == {operation.rule}
    written = operation.latex.format(a="u", b="v", c="w")
    assert "u" in written
    assert written.count("{") == written.count("}")


def test_a_wrong_derivative_would_be_seen(monkeypatch):
    wrong = replace(OPERATIONS["tanh"], derivatives=("1 - y",))
    monkeypatch.setitem(OPERATIONS, "tanh", wrong)
    with pytest.raises(AssertionError):
        test_every_operation_has_the_derivative_of_its_value("tanh")
