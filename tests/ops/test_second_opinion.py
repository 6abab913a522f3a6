"""Every activation and every loss once more, as a formula on the computational graph: value and gradient agree.

The graph has its own functions and its own derivatives, so a mistake would have to be made twice.
"""

from dataclasses import replace

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.params import Params
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace
from nntrain.graph import parse, trace_graph
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.layers import Context
from nntrain.ops.losses import LOSSES
from nntrain.ops.penalties import Penalty

EPS = np.finfo(np.float64).eps
OPTIONS = {
    "slope": (0.0, 0.3, 0.99),
    "alpha": (0.25, 3.0),
    "initial": (-0.5, 1.5),
    "pieces": (3, 5),
    "reach": (1.0, 2.5),
}
UNITS = [entry() for entry in ACTIVATIONS.values()]
UNITS += [replace(u, **{name: v}) for u in UNITS for name, vs in OPTIONS.items() for v in vs if name in u.__slots__]
EXTREME = [0.0, 1e-30, 1e-5, 1.0, 17.0, 40.0, 88.0, 89.0, 400.0, 709.0, 710.0, 745.0]
RANGE = np.array([*EXTREME, *(-v for v in EXTREME), *np.linspace(-12, 12, 96)])  # 120 values: 2, 3 and 5 divide it


def given(part, *arguments):
    text = part.expression(*arguments)
    assert text, f"{part.kind}: states no formula, so there is no second opinion on it; give it an `expression`"
    return text


def engine(unit, z, d):
    """Return h, ∂/∂z and ∂/∂parameters by name for one example, and the parameters."""
    ws, do = Workspace(1, np.float64, Plan()), Calls(Plan(), np.dtype("float64"))
    params = Params([unit.shapes(len(z))], np.float64)
    unit.initialize(params.values[0], np.random.default_rng(0))
    x, down = ws.block(len(z)), ws.block(len(d))
    x[:], down[:] = z, d
    h, backward = unit.bind(do, x, params.values[0], params.grads[0], Context(ws, training=True))
    do.run()
    value, back = h[0].copy(), Calls(Plan(), np.dtype("float64"))
    dx = backward(back, down)
    back.run()
    return value, {"z": dx[0]} | vars(params.grads[0]), vars(params.values[0])


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_activations(unit):
    z = np.random.default_rng(1).permutation(RANGE)
    d = np.random.default_rng(2).normal(size=unit.n_out(len(z)))
    value, gradients, parameters = engine(unit, z, d)
    trace = trace_graph(parse(f"dot(d, {given(unit)})"), {"d": d, "z": z} | parameters)
    (at,) = (node.inputs[1] for node in trace.graph.nodes if node.index == trace.graph.output)
    assert_close(trace.values[at], value)
    index = {node.symbol: node.index for node in trace.graph.nodes}
    reach = np.clip(np.abs(z), 1, 40)  # a saturating gate, rounded like 1, is multiplied by z
    for name, gradient in gradients.items():
        assert_close(trace.gradients[index[name]], gradient, reach if name == "z" else np.finfo(float).tiny)


def assert_close(got, want, size=1.0, ulps=16):
    assert got.shape == want.shape
    error = np.abs(got - want) / np.maximum(np.abs(want), size)
    assert error.max() <= ulps * EPS, (error.argmax(), error.max() / EPS)


def variants(loss, width):
    """Return the loss with its defaults and with the options it has."""
    weights = tuple(np.linspace(0.4, 2.5, width if "softmax" in loss.kind else 2).tolist())
    options = {"label_smoothing": 0.1, "delta": 0.3, "class_weights": weights, "outputs": "sum", "half": True}
    return [loss, *(replace(loss, **{name: value}) for name, value in options.items() if hasattr(loss, name))]


CASES = [
    pytest.param(loss, width, id=f"{loss}-{width}")
    for entry in LOSSES.values()
    for width in (1, 2, 3, 10)
    if width > 1 or entry().width(2, 1) == 1
    for loss in variants(entry(), width)
]


@pytest.mark.parametrize(("loss", "width"), CASES)
@pytest.mark.parametrize("reach", [0.1, 5.0, 100.0, 745.0])
def test_losses(loss, width, reach):
    rng, reach = np.random.default_rng(0), min(reach, 80) if loss.kind == "poisson" else reach  # eᶻ must be a number
    graph = parse(given(loss, width))
    for _ in range(20):
        z = rng.uniform(-reach, reach, (1, width))
        labels = rng.integers(0, max(width, 2), 1)
        t = loss.encode(labels if "classification" in loss.tasks else z, width, z.dtype)
        trace = trace_graph(graph, {"z": z[0], "t": t[0]})
        cost, size = float(loss.cost(z, t)[0]), 1 + abs(z).max() ** 2
        assert float(trace.values[graph.output]) == pytest.approx(cost, rel=8 * EPS, abs=EPS * size)
        place = graph.variables.index("z")
        assert_close(trace.gradients[place], loss.gradient(z, t)[0], max(1, abs(t).max()))


def test_a_wrong_derivative_would_be_seen():
    entry = ACTIVATIONS["tanh"]

    class Wrong(entry):
        def backward(self, do, z, h, d, s):
            super().backward(do, z, h, d, s)
            do(np.multiply, d, 1 + 1e-9, out=d)

    with pytest.raises(AssertionError):
        test_activations(Wrong())


def test_a_part_without_a_formula_is_named():
    class Silent(ACTIVATIONS["tanh"]):
        def expression(self):
            return ""

    with pytest.raises(AssertionError, match="tanh: states no formula"):
        test_activations(Silent())


@pytest.mark.parametrize("penalty", [Penalty(l1=0.3), Penalty(l2=0.7), Penalty(l1=1e-5, l2=2.0), Penalty()], ids=repr)
def test_penalty(penalty):
    w = np.array([[0.5, -2.0, 0.0], [3.0, -1e-3, 7.0]])
    graph = parse(penalty.expression("W"))
    dw, do = np.zeros(6), Calls(Plan(), w.dtype)
    penalty.bind(do, w.ravel(), dw, np.zeros(2), np.zeros(6))
    do.run()
    trace = trace_graph(graph, {"W": w} if penalty else {})
    assert float(trace.values[graph.output]) == pytest.approx(penalty.value(w.ravel()), rel=4 * EPS)
    if penalty:
        assert_close(trace.gradients[0], dw.reshape(2, 3))
