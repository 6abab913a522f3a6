"""Forward and backward on a graph: shapes, rules, paths that meet, kinks, and what has no finite value."""

import subprocess
import sys

import numpy as np
import pytest

from nntrain.graph import FormulaError, evaluate, parse, parse_values, trace_graph


def traced(text, *assignments):
    return trace_graph(parse(text), parse_values(assignments))


def by_symbol(trace, arrays):
    return {node.symbol: array.tolist() for node, array in zip(trace.graph.nodes, arrays, strict=True)}


def assert_checked(trace, rtol=1e-9, atol=1e-9):
    """Compare every gradient with its numerical check; constants have neither."""
    for node, gradient, numeric in zip(trace.graph.nodes, trace.gradients, trace.numeric(), strict=True):
        assert gradient.shape == numeric.shape == trace.values[node.index].shape
        assert np.isnan(gradient).all() == np.isnan(numeric).all() == (not node.varies)
        np.testing.assert_allclose(gradient, numeric, rtol=rtol, atol=atol, err_msg=node.symbol)


# --- the chain rule ---------------------------------------------------------------------------------------------------


def test_paths_that_meet_add_up():
    trace = traced("x * y + x", "x=3", "y=5")
    edges = [edge for edge in trace.edges if trace.graph.nodes[edge.source].symbol == "x"]
    assert [float(edge.contribution) for edge in edges] == [1.0, 5.0]
    assert by_symbol(trace, trace.gradients)["x"] == 6.0
    assert_checked(trace)


def test_the_same_input_twice_is_two_edges():
    trace = traced("x * x", "x=3")
    assert [(edge.position, float(edge.contribution)) for edge in trace.edges] == [(0, 3.0), (1, 3.0)]
    assert float(trace.gradients[0]) == 6.0


def test_edges_run_from_the_output_back_and_carry_everything():
    trace = traced("(x + y) * z", "x=-2", "y=5", "z=-4")
    name = [node.symbol for node in trace.graph.nodes]
    assert [
        (name[edge.source], name[edge.target], edge.derivative, edge.chain, float(edge.local), float(edge.upstream))
        for edge in trace.edges
    ] == [
        ("q1", "f", "z", "g * z", -4.0, 1.0),
        ("z", "f", "q1", "g * q1", 3.0, 1.0),
        ("x", "q1", "1", "g", 1.0, -4.0),
        ("y", "q1", "1", "g", 1.0, -4.0),
    ]
    assert trace.edges[0].rule == "multiply switches: each input takes the gradient times the other"
    assert trace.edges[2].rule == "add distributes: both inputs take the gradient as it is"


CHAINS = {
    "x - y": ["g", "-g"],
    "x / y": ["g * (1 / y)", "g * (-f / y)"],
    "x ** 2": ["g * (2 * x)"],
    "x ** 3": ["g * (3 * x ** 2)"],
    "x ** y": ["g * (y * x ** (y - 1))", "g * (f * log(x))"],
    "2 ** x": ["g * (f * log(2))"],
    "sigmoid(x)": ["g * (f * (1 - f))"],
    "tanh(x)": ["g * (1 - f ** 2)"],
    "relu(x)": ["g * step(x)"],
    "max(x, y)": ["g * (1 - step(y - x))", "g * step(y - x)"],
    "W @ v": ["g vᵀ", "Wᵀ g"],
    "v * x": ["g * x", "sum(g * v)"],
    "v + x": ["g", "sum(g)"],
    "sum(v)": ["g"],
    "dot(v, v)": ["g * v", "g * v"],
    "logsumexp(v)": ["g * softmax(v)"],
    "softmax(v)": ["(diag(f) - f fᵀ) g"],
    "part(v, 1, 2)": ["g, and 0 elsewhere"],
    "sign(x)": ["0"],
}


@pytest.mark.parametrize("text", CHAINS)
def test_the_chain_rule_in_symbols(text):
    values = {"x": 1.5, "y": 0.5, "v": [1.0, 2.0], "W": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}
    graph = parse(text)
    trace = trace_graph(graph, {name: values[name] for name in graph.variables})
    assert [edge.chain for edge in trace.edges] == CHAINS[text]


# --- shapes -----------------------------------------------------------------------------------------------------------

SHAPED = {
    "W @ x": [(2, 3), (3,)],
    "x @ W": [(3, 2), (3,)],
    "u @ v": [(4,), (4,)],
    "A @ B": [(2, 3), (3, 4)],
    "sum(A * B)": [(2, 3), (2, 3)],
    "dot(A, B)": [(2, 3), (2, 3)],
    "A * s": [(2, 3), ()],
    "s / A": [(2, 3), ()],
    "max(s, A) ** 2": [(2, 3), ()],
    "softmax(x) * x": [(4,)],
    "logsumexp(x)": [(5,)],
    "part(x, 2, 3) * part(x, 3, 3)": [(6,)],
    "x * s": [(1,), ()],
    "A @ sum(A) @ x": None,
    "tanh(W @ x + b)": [(2, 3), (2,), (3,)],
    "dot(softmax(W @ x), log(abs(W @ x)))": [(4, 3), (3,)],
}


@pytest.mark.parametrize("text", [text for text in SHAPED if SHAPED[text]])
def test_gradients_of_vectors_and_matrices(text):
    graph, rng = parse(text), np.random.default_rng(0)
    values = dict(zip(sorted(graph.variables), (rng.normal(size=shape) for shape in SHAPED[text]), strict=True))
    trace = trace_graph(graph, values)
    assert_checked(trace)
    assert any(np.abs(gradient).max() > 0.01 for gradient in trace.gradients[: len(values)])


def test_a_matrix_product_in_denominator_layout():
    trace = traced("W @ x", "W=[[1,2,3],[4,5,6]]", "x=[1,0,-1]")
    assert by_symbol(trace, trace.gradients) == {"W": [[1, 0, -1], [1, 0, -1]], "x": [5, 7, 9], "f": [1, 1]}
    w, x = trace.edges
    assert w.local.tolist() == [1, 0, -1]  # xᵀ
    assert x.local.tolist() == [[1, 4], [2, 5], [3, 6]]  # Wᵀ


def test_an_output_with_several_entries_counts_as_their_sum():
    trace = traced("x ** 2", "x=[1,2,3]")
    assert trace.gradients[trace.graph.output].tolist() == [1, 1, 1]
    assert trace.gradients[0].tolist() == [2, 4, 6]


MISFITS = {
    ("x + y", "x=[1,2]", "y=[1,2,3]"): "3: f = x + y needs shapes that fit, got x with 2 entries, y with 3 entries",
    ("W * x", "W=[[1,2]]", "x=[1,2]"): "3: f = W * x needs shapes that fit, got W (1×2), x with 2 entries",
    ("W @ x", "W=[[1,2]]", "x=[1]"): "3: f = W @ x needs shapes that fit, got W (1×2), x with 1 entry",
    ("W @ x", "W=[[1,2]]", "x=1"): "3: f = W @ x needs shapes that fit, got W (1×2), x (a number)",
    ("dot(x, y)", "x=[1]", "y=1"): "1: f = dot(x, y) needs shapes that fit, got x with 1 entry, y (a number)",
    ("softmax(x)", "x=1"): "1: f = softmax(x) needs a vector, got x (a number)",
    ("part(x, 3, 2)", "x=[1,2]"): "1: f = part(x, 3, 2) needs (vector, i, k) for the i-th of k equal parts, got "
    "x with 2 entries, 3 (a number), 2 (a number)",
}


@pytest.mark.parametrize("case", MISFITS, ids=" ".join)
def test_shapes_that_do_not_fit(case):
    with pytest.raises(FormulaError) as caught:
        traced(*case)
    assert str(caught.value) == f"formula:{MISFITS[case]}"


# --- kinks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "gradient"),
    [("relu(x)", 0), ("abs(x)", 0), ("max(0, x)", 0), ("max(x, 0)", 1), ("min(0, x)", 0), ("step(x)", 0)],
)
def test_at_a_kink_one_slope_is_taken_and_the_kink_is_told(text, gradient):
    trace = traced(text, "x=0")
    assert float(trace.gradients[0]) == gradient
    assert trace.ties == (trace.graph.output,)
    assert traced(text, "x=0.5").ties == ()


def test_of_equal_inputs_the_first_takes_it_all():
    trace = traced("max(x, y, z)", "x=2", "y=2", "z=2")
    assert [float(gradient) for gradient in trace.gradients[:3]] == [1, 0, 0]


def test_what_depends_on_a_node():
    trace = traced("relu(x * y) + y", "x=1", "y=0")
    place = {node.symbol: node.index for node in trace.graph.nodes}
    assert trace.users(place["x"]) == {place[symbol] for symbol in ("x", "q1", "q2", "f")}
    assert trace.ties == (place["q2"],)


# --- extremes ---------------------------------------------------------------------------------------------------------

EXTREME = [0.0, 1e-300, 5e-324, 1.0, 40.0, 400.0, 709.0, 745.0, 1e4, 1e300]


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "relu", "abs"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("value", EXTREME)
def test_functions_that_saturate_do_so_without_a_warning(name, sign, value):
    trace = trace_graph(parse(f"{name}(x)"), {"x": sign * value})  # a warning is an error in these tests
    limits = {"sigmoid": (0, 1), "tanh": (-1, 1), "softplus": (0, 1e300), "relu": (0, 1e300), "abs": (0, 1e300)}
    low, high = limits[name]
    assert low <= float(trace.values[-1]) <= high
    assert -1 <= float(trace.gradients[0]) <= 1


def test_softmax_and_logsumexp_of_large_scores():
    trace = traced("logsumexp(z)", "z=[1000, 999, -1000]")
    assert float(trace.values[-1]) == pytest.approx(1000 + np.log1p(np.exp(-1)), rel=1e-15)
    assert trace.gradients[0].tolist() == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0], rel=1e-14)


FAILURES = {
    ("log(x)", "x=0"): "1: f = log(x) needs a number above 0, got x = 0",
    ("log(x)", "x=[1,-2]"): "1: f = log(x) needs a number above 0, got x[1] = -2",
    ("log(W)", "W=[[1,2],[3,-0.5]]"): "1: f = log(W) needs a number above 0, got W[1, 1] = -0.5",
    ("1 + log(x * x - 4)", "x=2"): "5: q3 = log(q2) needs a number above 0, got q2 = 0",
    ("x / y", "x=0", "y=0"): "3: f = x / y needs a divisor other than 0, got x = 0, y = 0",
    ("sqrt(x)", "x=-1"): "1: f = sqrt(x) needs a number of at least 0, got x = -1",
    ("x ** 0.5", "x=-8"): "3: f = x ** 0.5 needs a whole exponent below 0, a positive one at 0, got x = -8",
    ("x ** -1", "x=0"): "3: f = x ** -1 needs a whole exponent below 0, a positive one at 0, got x = 0",
    ("exp(x)", "x=1000"): "1: f = exp(x) is too large, got x = 1000",
    ("x * y", "x=1e200", "y=1e200"): "3: f = x * y is too large, got x = 1e+200, y = 1e+200",
    ("dot(x, x)", "x=[1e200]"): "1: f = dot(x, x) is too large, got entries that are too large",
    ("sqrt(x)", "x=0"): "1: f = sqrt(x) has no finite slope by x, got x = 0",
    ("1 / x", "x=1e-200"): "3: f = 1 / x has no finite slope by x, got x = 1e-200",
    ("x ** y", "x=-2", "y=3"): "3: f = x ** y has no finite slope by y, got x = -2, y = 3",
    ("1e200 * (1e200 * x)", "x=0"): "16: q1 = 1e+200 * x has no finite gradient by x, got x = 0",
}  # fmt: skip


@pytest.mark.parametrize("case", FAILURES, ids=" ".join)
def test_what_has_no_finite_value_is_named(case):
    with pytest.raises(FormulaError) as caught:
        traced(*case)
    assert str(caught.value) == f"formula:{FAILURES[case]}"


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (("x=1",), "formula:5: no value for y, z; add y=… z=…"),
        (("x=1", "y=2", "z=3", "v=4"), "formula: there is no variable 'v' (variables: x, y, z)"),
    ],
)
def test_values_that_are_missing_or_not_asked_for(assignments, message):
    with pytest.raises(FormulaError) as caught:
        traced("x + y * z", *assignments)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [np.nan, np.inf, [], np.zeros((2, 2, 2))])
def test_values_are_finite_numbers_vectors_or_matrices(value):
    with pytest.raises(FormulaError, match="x must be a number, a vector or a matrix of finite numbers"):
        trace_graph(parse("x"), {"x": value})


# --- without checks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_evaluation_alone_keeps_the_type_and_follows_floating_point(dtype):
    z = np.array([[-1.0, 0.0], [2.0, np.nan]], dtype)
    got = evaluate(parse("log(z) * 0.5 + 1"), {"z": z})
    assert got.dtype == dtype
    np.testing.assert_array_equal(np.isnan(got), [[True, False], [False, True]])
    assert got[0, 1] == -np.inf


def test_a_formula_without_variables():
    trace = traced("2 * 3 + 1")
    assert float(trace.values[trace.graph.output]) == 7
    assert trace.edges == ()


def test_it_stands_alone():
    code = "import sys, nntrain.graph; print(sorted(m for m in sys.modules if m.startswith('nntrain')))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert all(name in ("'nntrain'", "'nntrain.graph'") or name.startswith("'nntrain.graph.")
               for name in result.stdout.strip().strip("[]").split(", "))  # fmt: skip
