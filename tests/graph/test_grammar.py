"""From text to graph: what is read, how it groups, and one line with the column for everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.graph import FormulaError, parse
from nntrain.graph.builder import MOST_NODES
from nntrain.graph.grammar import MOST_CHARACTERS, MOST_LEVELS

FUNCTIONS = (
    "abs, dot, exp, log, logsumexp, matmul, max, min, neg, part, relu, sigmoid, sign, softmax, softplus, sqrt, step, "
    "sum, tanh"
)


def steps(text):
    """Return symbol = expression of every operation."""
    return [f"{node.symbol} = {node.expression}" for node in parse(text).nodes if node.operation]


GROUPING = {
    "x - y - z": ["q1 = x - y", "f = q1 - z"],
    "x - (y - z)": ["q1 = y - z", "f = x - q1"],
    "x / y * z": ["q1 = x / y", "f = q1 * z"],
    "x + y * z": ["q1 = y * z", "f = x + q1"],
    "W @ x + b": ["q1 = W @ x", "f = q1 + b"],
    "-x ** 2": ["q1 = x ** 2", "f = -q1"],
    "(-x) ** 2": ["q1 = -x", "f = q1 ** 2"],
    "x ** y ** z": ["q1 = y ** z", "f = x ** q1"],
    "x ** -y": ["q1 = -y", "f = x ** q1"],
    "2 * -x": ["q1 = -x", "f = 2 * q1"],
    "+x": [],
    "-3 * x": ["f = -3 * x"],
    "-(3) * x": ["f = -3 * x"],
    "x * neg(y)": ["q1 = -y", "f = x * q1"],
    "max(x, y, z)": ["q1 = max(x, y)", "f = max(q1, z)"],
    "matmul(W, x)": ["f = W @ x"],
    "exp(x) + exp(x)": ["q1 = exp(x)", "f = q1 + q1"],  # equal expressions are one node
    "f + q1 * q2": ["q3 = q1 * q2", "q4 = f + q3"],  # names that are taken
    "σ * größe_2": ["f = σ * größe_2"],
}


@pytest.mark.parametrize("text", GROUPING)
def test_grouping(text):
    assert steps(text) == GROUPING[text]


def test_nodes_stand_in_order_of_evaluation_with_variables_first():
    graph = parse("(x + y) * 2 - x")
    assert [node.symbol for node in graph.nodes] == ["x", "y", "q1", "2", "q2", "f"]
    assert graph.variables == ("x", "y")
    assert all(i < node.index for node in graph.nodes for i in node.inputs)
    assert [node.index for node in graph.nodes] == list(range(6))
    assert [node.column for node in graph.nodes] == [2, 6, 4, 11, 9, 13]
    assert [node.varies for node in graph.nodes] == [True, True, True, False, True, True]


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("1.5", 1.5), (".5", 0.5), ("2.", 2), ("1e-3", 1e-3), ("1.5E+2", 150), ("017", 17)]
)
def test_numbers(text, value):
    assert parse(text).nodes[0].constant == value


ERRORS = {
    "": "formula:1: a number, a name or a bracket is missing; the formula ends here",
    "x +": "formula:4: a number, a name or a bracket is missing; the formula ends here",
    "x + * y": "formula:5: a number, a name or a bracket is missing; got '*'",
    "(x + y": "formula:1: this bracket is never closed",
    "x + y)": "formula:6: unexpected ')'",
    "max(x, (y + z)": "formula:4: this bracket is never closed",
    "max(x y)": "formula:7: expected ')', got 'y'",
    "x y": "formula:3: unexpected 'y'; a product is written with *",
    "2x": "formula:2: unexpected 'x'; a product is written with *",
    "2(x)": "formula:2: unexpected '('; a product is written with *",
    "x ^ 2": "formula:3: unexpected '^'; powers are written **",
    "1 + x²": "formula:5: unexpected 'x²'; powers are written **",
    "2 · x": "formula:3: unexpected '·'; a product is written with *",
    "x − 1": "formula:3: unexpected '−'; minus is written -",
    "x = 2": "formula:3: unexpected '='",
    "x.real": "formula:2: unexpected '.'",
    "x[0]": "formula:2: unexpected '['",
    "'x'": 'formula:1: unexpected "\'"',
    "1 + sine(x)": f"formula:5: unknown function 'sine'; did you mean 'sign'? (one of {FUNCTIONS})",
    "sigmoyd(x)": f"formula:1: unknown function 'sigmoyd'; did you mean 'sigmoid'? (one of {FUNCTIONS})",
    "__import__(x)": f"formula:1: unknown function '__import__'; (one of {FUNCTIONS})",
    "2 * exp": "formula:5: exp is a function; write exp(…)",
    "exp()": "formula:5: a number, a name or a bracket is missing; got ')'",
    "exp(x, y)": "formula:1: exp takes 1 argument, got 2",
    "max(x)": "formula:1: max takes 2 or more arguments, got 1",
    "1 + dot(x)": "formula:5: dot takes 2 arguments, got 1",
    "1e999": "formula:1: 1e999 is too large a number",
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert str(caught.value) == ERRORS[text]
    assert ERRORS[text] == f"formula:{caught.value.column}: {caught.value.message}"


DEEP = f"nested deeper than {MOST_LEVELS} levels"
BOUNDS = {
    "(" * 100_000: f"longer than {MOST_CHARACTERS} characters, got 100000",
    "(" * 1000 + "x" + ")" * 1000: DEEP,
    "-" * 1000 + "x": DEEP,
    "exp(" * 1000: DEEP,
    "**".join(["x"] * 1000): DEEP,
    "+".join(f"x{i}" for i in range(600)): f"more than {MOST_NODES} nodes",
}


@pytest.mark.parametrize("text", BOUNDS, ids=lambda text: text[:8])
def test_size_and_depth_are_bounded(text):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert caught.value.message == BOUNDS[text]


def test_what_is_just_allowed_is_read():
    brackets = "(" * (MOST_LEVELS - 1) + "-x" + ")" * (MOST_LEVELS - 1)
    assert steps(brackets) == ["f = -x"]
    assert len(parse("+".join(["x"] * 900)).nodes) == 900
    assert str(parse("max(" + ", ".join(["x", "y"] * 100) + ")")).count("max") == 1


def read(text):
    """Return the graph, or None and the column of the error."""
    try:
        return parse(text), 0
    except FormulaError as error:
        return None, error.column


@given(st.text(alphabet="xyz01. ()+-*/@,^'[]=_eé\n", max_size=40) | st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    graph, column = read(text)
    assert (graph is None) == (1 <= column <= len(text) + 1)
    assert graph is None or parse(str(graph)) == graph
