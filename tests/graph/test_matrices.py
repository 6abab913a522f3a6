"""Jacobian, Hessian and directional derivatives: by hand, by symmetry, and by differences for every operation."""

import numpy as np
import pytest

from nntrain.graph import FormulaError, Trace, parse, trace_graph
from nntrain.graph.matrices import AGREES, along, entry_names, hessian, jacobian
from nntrain.graph.operations import OPERATIONS


def traced(formula: str, **values: object) -> Trace:
    return trace_graph(parse(formula), {name: np.array(value, np.float64) for name, value in values.items()})


def test_the_jacobian_of_a_matrix_product_in_denominator_layout() -> None:
    """∂(W x)/∂x = Wᵀ, a row an entry of x; ∂(W x)_i/∂W_ij = x_j."""
    found = jacobian(traced("W @ x", W=[[1, 2], [3, 4], [5, 6]], x=[7, 8]))
    assert found.rows == ["W[1,1]", "W[1,2]", "W[2,1]", "W[2,2]", "W[3,1]", "W[3,2]", "x[1]", "x[2]"]
    assert found.columns == ["f[1]", "f[2]", "f[3]"]
    assert found.values[6:].tolist() == [[1, 3, 5], [2, 4, 6]]
    assert found.values[:2].tolist() == [[7, 0, 0], [8, 0, 0]]
    assert found.error <= AGREES


def test_the_jacobian_of_softmax_is_diag_minus_outer() -> None:
    found = jacobian(traced("softmax(x)", x=[1, 2, 3]))
    p = np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()
    assert found.values == pytest.approx(np.diag(p) - np.outer(p, p))


def test_the_hessian_of_a_quadratic_is_its_matrix() -> None:
    found = hessian(traced("dot(x, A @ x) / 2", A=[[2, 1], [1, 3]], x=[5, -4]), ["x"])
    assert found.rows == ["x[1]", "x[2]"]
    assert found.values.tolist() == [[2, 1], [1, 3]]


def test_the_hessian_of_rosenbrock() -> None:
    """H = [[2 − 400 (y − 3x²), −400 x], [−400 x, 200]]."""
    found = hessian(traced("(1 - x)**2 + 100 * (y - x**2)**2", x=-1.2, y=1))
    assert found.values == pytest.approx(np.array([[1330, 480], [480, 200]]))
    assert found.error < 1e-10


SECOND = {  # each operation in a formula that bends
    "add": "(x + y) * x", "sub": "(x - y) * y", "mul": "x * y * x", "div": "x / y", "neg": "-x * x", "pow": "x ** y",
    "matmul": "sum((W @ v) * (W @ v) * v)", "exp": "exp(x * y)", "log": "log(x + y)", "sqrt": "sqrt(x * y)",
    "abs": "abs(x) * abs(y)", "sigmoid": "sigmoid(x * y)", "tanh": "tanh(x * y)", "relu": "relu(x * y) * x",
    "softplus": "softplus(x * y)", "max": "max(x, y) * x", "min": "min(x, y) * y", "sum": "sum(v) * sum(v)",
    "dot": "dot(v, v) * sum(v)", "logsumexp": "logsumexp(W @ v)", "softmax": "dot(softmax(v * v), v)",
    "sign": "sign(x) * x * y", "step": "step(x) * x * y", "part": "sum(part(v, 1, 2) * part(v, 2, 2))",
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_its_second_derivatives(name: str) -> None:
    values = {"x": 0.7, "y": 1.3, "v": [0.3, -0.5], "W": [[0.2, -0.4], [0.6, 1.1]]}
    graph = parse(SECOND[name])
    found = hessian(traced(SECOND[name], **{name: values[name] for name in graph.variables}))
    assert found.error < 1e-8
    assert found.values == pytest.approx(found.values.T, abs=1e-12)


def test_several_outputs_are_summed() -> None:
    assert hessian(traced("x * x", x=[1, 2])).values.tolist() == [[2, 0], [0, 2]]


def test_a_direction_is_the_gradient_times_it() -> None:
    trace = traced("x**2 / 2 + 5 * y**2", x=3, y=1)
    value, numeric = along(trace, {"x": np.array(0.6), "y": np.array(0.8)})
    assert value == pytest.approx(0.6 * 3 + 0.8 * 10)
    assert numeric == pytest.approx(value)
    assert along(trace, {"y": np.array(2.0)})[0] == pytest.approx(20)


def test_a_kink_is_told() -> None:
    assert hessian(traced("abs(x)", x=0)).tied
    assert not hessian(traced("abs(x)", x=1)).tied


def test_names_of_entries() -> None:
    trace = traced("sum(W @ v) + x", W=[[1, 2], [3, 4]], v=[1, 2], x=0)
    assert entry_names(trace, ["v", "x"]) == ["v[1]", "v[2]", "x"]


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(
        FormulaError, match="the variables have 201 entries, and such a matrix is shown for at most 200"
    ):
        hessian(traced("sum(x * x)", x=[1.0] * 201))
