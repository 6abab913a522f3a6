"""Random formulas of numbers, vectors and matrices against PyTorch's automatic differentiation."""

import numpy as np
import pytest

from nntrain.graph import FormulaError, parse, trace_graph

pytestmark = pytest.mark.slow

ENDS = ["x", "y", "s", "W @ x", "x @ W", "sum(x)", "dot(x, y)", "1.75", "-0.3"]
UNARY = ["tanh({})", "sigmoid({})", "softplus({})", "relu({})", "exp(-abs({}))", "log(1 + abs({}))", "-({})", "sum({})"]
UNARY += [
    "sqrt(1 + ({}) ** 2)",
    "logsumexp(x * ({}))",
    "softmax(y + ({}))",
    "x * sum(part(y + ({}), 2, 2))",
    "({}) ** 3",
]
BINARY = ["({} + {})", "({} - {})", "({} * {})", "({} / (1 + abs({})))", "max({}, {})", "min({}, {})"]
BINARY += ["((1 + abs({})) ** tanh({}))"]
SHAPES = {"x": (4,), "y": (4,), "s": (), "W": (4, 4)}


def formula(rng, depth):
    if depth == 0:
        return str(rng.choice(ENDS))
    inner = [formula(rng, depth - 1) for _ in range(2)]
    return str(rng.choice([*UNARY, *BINARY])).format(*inner)


def traces(count, seed):
    """Yield traces of random formulas that have a finite value and stand at no kink."""
    rng = np.random.default_rng(seed)
    while count:
        graph = parse(formula(rng, int(rng.integers(1, 6))))
        try:
            trace = trace_graph(graph, {name: rng.normal(size=SHAPES[name]) for name in graph.variables})
        except FormulaError:
            continue
        if graph.nodes[graph.output].varies and not trace.ties:
            count -= 1
            yield trace


def functions(torch):
    plain = ["add", "sub", "mul", "div", "matmul", "neg", "pow", "exp", "log", "sqrt", "abs", "sigmoid", "tanh", "relu"]
    return {name: getattr(torch, name) for name in [*plain, "sum"]} | {
        "softplus": torch.nn.functional.softplus,
        "max": torch.maximum,
        "min": torch.minimum,
        "dot": lambda a, b: (a * b).sum(),
        "logsumexp": lambda a: torch.logsumexp(a, 0),
        "softmax": lambda a: torch.softmax(a, 0),
        "part": lambda a, i, k: a.reshape(int(k), -1)[int(i) - 1],
    }


@pytest.mark.parametrize("seed", range(5))
def test_gradients_of_all_nodes(seed):
    torch = pytest.importorskip("torch")
    known = functions(torch)
    for trace in traces(300, seed):
        graph, tensors = trace.graph, []
        for node, value in zip(graph.nodes, trace.values, strict=True):
            if node.operation is None:
                tensors.append(torch.tensor(value, requires_grad=node.varies))
            else:
                tensors.append(known[node.operation.name](*(tensors[i] for i in node.inputs)))
                if node.varies:
                    tensors[-1].retain_grad()
        tensors[graph.output].sum().backward()
        for node, gradient in zip(graph.nodes, trace.gradients, strict=True):
            if node.varies and tensors[node.index].grad is not None:
                want = tensors[node.index].grad.numpy()
                size = max(1.0, np.abs(want).max())
                np.testing.assert_allclose(
                    gradient, want, rtol=0, atol=1e-11 * size, err_msg=f"{node.symbol} of {graph}"
                )
