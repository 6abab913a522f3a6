"""The activation that a spec writes itself: its recorded calls against its graph, and against the built-in units."""

from dataclasses import fields
from statistics import median
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace
from nntrain.errors import SpecError
from nntrain.gradcheck.numeric import check
from nntrain.graph import OPERATIONS
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS, Elementwise
from nntrain.ops.activations.formula import Formula
from nntrain.ops.layers import Context
from nntrain.ops.losses import Mse
from nntrain.ops.models import Mlp
from nntrain.spec import from_dict, load

BUILT_IN = [entry() for entry in ACTIVATIONS.values() if issubclass(entry, Elementwise)]
EXTREME = [0.0, 1e-30, -1e-30, 1.0, -1.0, 17.0, -17.0, 88.0, -88.0, 400.0, -400.0, 745.0, -745.0]
DENSE = "exp(-z ** 2) * tanh(z) ** 3 - softplus(z) / (2 + abs(z)) + max(z, -z / 3, min(1, relu(z - 1))) + 0.5 ** 2"
EMPTY = SimpleNamespace()


def ran(unit, x, d, order="plan"):
    """Run a unit forward and back on copies; return h and ∂/∂x."""
    ws, do, back = Workspace(len(x), x.dtype, Plan()), Calls(Plan(), x.dtype), Calls(Plan(), x.dtype)
    z, down = (ws.block(a.shape[1]) if order == "plan" else np.empty(a.shape, a.dtype, order) for a in (x, d))
    z[:], down[:] = x, d
    h, backward = unit.bind(do, z, EMPTY, EMPTY, Context(ws, training=True))
    dx = backward(back, down)
    do.run()
    value = h.copy()
    back.run()
    assert value.dtype == dx.dtype == x.dtype
    return value, dx.copy()


def assert_close(got, want, size, ulps):
    error = np.abs(got - want) / np.maximum(np.abs(want), size)
    assert np.nanmax(error) <= ulps * np.finfo(got.dtype).eps, error.max() / np.finfo(got.dtype).eps
    assert np.isfinite(got).all()


@pytest.mark.parametrize("unit", BUILT_IN, ids=lambda unit: unit.kind)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 5), (200, 8), (61, 33)])
@pytest.mark.parametrize("order", ["plan", "C", "F"])
def test_a_built_in_unit_written_as_a_formula_is_the_same(unit, dtype, shape, order):
    rng = np.random.default_rng(0)
    x, d = (rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 1, shape)).astype(dtype), rng.normal(size=shape)
    x.ravel()[: len(EXTREME)] = EXTREME
    d = d.astype(dtype)
    h, dx = ran(Formula(f=unit.expression()), x, d, order)
    wide = x.astype(np.float64)
    assert_close(h, unit.f(wide), 1, 8)
    assert_close(dx, d * unit.df(wide), np.clip(np.abs(wide), 1, 40) * np.abs(d), 8)


def test_at_and_slope_at_keep_shape_and_precision():
    for dtype in (np.float32, np.float64, np.longdouble):
        z = np.linspace(-3, 3, 12, dtype=dtype).reshape(3, 4)
        unit = Formula(f=DENSE)
        assert unit.at(z).dtype == unit.slope_at(z).dtype == dtype
        assert unit.at(z).shape == unit.slope_at(z).shape == z.shape
    z = np.linspace(-3, 3, 13, dtype=np.longdouble) + np.longdouble(1) / 7
    step = np.longdouble(1e-6)
    slope = (Formula(f=DENSE).at(z + step) - Formula(f=DENSE).at(z - step)) / (2 * step)
    np.testing.assert_allclose(Formula(f=DENSE).slope_at(z).astype(float), slope.astype(float), rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(Formula(f="2 * z").slope_at(np.zeros((2, 3))), np.full((2, 3), 2.0))


@pytest.mark.parametrize("f", ["z", "2 * z", "z ** 2 / 2", "-z", "z + 0 * z", "z ** 1", "exp(z)", "z ** 4", "z ** -2"])
def test_short_formulas(f):
    x, d = np.array([[0.5, -1.5, 3.0]]), np.array([[1.0, -2.0, 0.5]])
    h, dx = ran(Formula(f=f), x, d)
    np.testing.assert_allclose(h, Formula(f=f).at(x), rtol=1e-14)
    np.testing.assert_allclose(dx, d * Formula(f=f).slope_at(x), rtol=1e-14)


def test_blocks_are_used_again():
    ws, do = Workspace(7, np.float64, Plan()), Calls(Plan(), np.dtype("float64"))
    x = ws.block(11)
    before = ws.nbytes
    chain = "z" + " + tanh(z)" * 1 + "".join(f" + tanh(z * {k})" for k in range(2, 30))
    Formula(f=chain).bind(do, x, EMPTY, EMPTY, Context(ws, training=True))
    kept = 29  # tanh(k z) is needed again by the slope 1 − tanh²
    assert (ws.nbytes - before) / x.nbytes <= kept + 6
    assert len(do) > 80


def expressions():
    """Formulas of z without poles and without overflow near 0."""
    leaf = st.just("z") | st.floats(-2, 2).map(lambda v: f"({v!r})")
    unary = st.sampled_from(["tanh", "sigmoid", "softplus", "relu", "abs", "-"])
    binary = st.sampled_from(["+", "-", "*"])
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds("{}({})".format, unary, inner)
            | st.builds("({} {} {})".format, inner, binary, inner)
            | st.builds("{}({}, {})".format, st.sampled_from(["max", "min"]), inner, inner)
            | st.builds("({} / (1 + {} ** 2))".format, inner, inner)
            | st.builds("exp(-({} ** 2))".format, inner)
        ),
        max_leaves=8,
    )


@settings(max_examples=150, deadline=None)
@given(f=expressions())
def test_any_formula_is_recorded_as_its_graph_says(f):
    unit = Formula(f=f)
    assume(not unit.problems())
    z = np.linspace(-2.1, 1.9, 12).reshape(3, 4)
    h, dx = ran(unit, z, np.ones_like(z))
    np.testing.assert_allclose(h, unit.at(z), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(dx, unit.slope_at(z), rtol=1e-11, atol=1e-11)


def test_every_elementwise_operation_can_be_recorded():
    names = [name for name, operation in OPERATIONS.items() if not operation.joins]
    z = np.linspace(0.3, 2.0, 8).reshape(2, 4)
    for name in names:
        operation = OPERATIONS[name]
        inputs = ["z", "(z + 1)"][: operation.arity]
        call = f" {operation.sign} ".join(inputs) if operation.arity == 2 else f"{operation.sign}(z)"
        f = call if operation.infix else f"{operation.sign}({', '.join(inputs)})"
        h, dx = ran(Formula(f=f), z, np.ones_like(z))
        np.testing.assert_allclose(h, Formula(f=f).at(z), rtol=1e-14, err_msg=f)
        np.testing.assert_allclose(dx, Formula(f=f).slope_at(z), rtol=1e-13, atol=1e-15, err_msg=f)
    assert len(names) > 15


def test_nan_is_not_hidden():
    h, _ = ran(Formula(), np.full((3, 4), np.nan), np.ones((3, 4)))
    assert np.isnan(h).all()


def test_the_default_is_silu():
    silu, formula = (Mlp(hidden=(6,), activation=(unit,)) for unit in (ACTIVATIONS["silu"](), Formula()))
    costs = []
    for model in (silu, formula):
        network = Network(model.layers(5, 2), Mse(), n_in=5, dtype="float64")
        network.initialize(3)
        X = np.random.default_rng(0).normal(size=(9, 5))
        costs.append((network.params.theta.copy(), *network.value_and_grad(X, np.ones((9, 2)))))
    np.testing.assert_array_equal(costs[0][0], costs[1][0])  # it counts to the ReLU family, so the weights are the same
    assert costs[0][1] == pytest.approx(costs[1][1], rel=1e-14)
    np.testing.assert_allclose(costs[0][2], costs[1][2], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("unit", [unit for unit in BUILT_IN if unit.kind != "selu"], ids=lambda unit: unit.kind)
def test_it_joins_the_relu_family_by_what_it_does(unit):  # but selu, whose initial weights are of a rule of their own
    assert Formula(f=unit.expression()).rectified == unit.rectified


@pytest.mark.parametrize("unit", BUILT_IN, ids=lambda unit: unit.kind)
def test_it_is_smooth_if_it_has_no_kink(unit):
    assert Formula(f=unit.expression()).smooth == unit.smooth


def test_a_wrong_slope_would_be_caught():
    """The numerical check covers a formula like any unit."""
    layers = Mlp(hidden=(4,), activation=(Formula(f="z * tanh(softplus(z))"),)).layers(5, 2)
    network = Network(layers, Mse(), n_in=5, dtype="float64")
    network.initialize(0)
    X, theta = np.random.default_rng(0).normal(size=(9, 5)), network.params.theta

    def value_and_grad(at, factor=1.0):
        theta[:] = at
        cost, gradient = network.value_and_grad(X, np.ones((9, 2)))
        gradient[:20] *= factor
        return cost, gradient

    report = check(value_and_grad, theta.copy())
    assert report.passed
    assert report.n_checked == theta.size
    assert not check(lambda at: value_and_grad(at, 1.001), theta.copy()).passed


def seconds(calls, repeats):
    start = perf_counter()
    for _ in range(repeats):
        for call in calls:
            call()
    return perf_counter() - start


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["silu", "gelu", "elu", "tanh", "relu"])
@pytest.mark.parametrize(("shape", "repeats"), [((32, 64), 1000), ((256, 512), 20)])
def test_it_takes_little_longer_than_the_built_in_unit(kind, shape, repeats):
    """Both take turns; what counts is the median of the ratios."""
    built_in = ACTIVATIONS[kind]()
    x, d = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    both = []
    for unit in (built_in, Formula(f=built_in.expression())):
        ws, do = Workspace(len(x), x.dtype, Plan()), Calls(Plan(), x.dtype)
        z, down = ws.block(x.shape[1]), ws.block(x.shape[1])
        do(np.copyto, z, x)
        do(np.copyto, down, d)
        _, backward = unit.bind(do, z, EMPTY, EMPTY, Context(ws, training=True))
        backward(do, down)
        both.append(do.bind())
    ratio = median(seconds(both[1], repeats) / seconds(both[0], repeats) for _ in range(31))
    assert ratio < 2, ratio


PROBLEMS = {
    "z * sine(z)": "column 5: unknown function 'sine'; did you mean 'sign'? (one of abs, dot, exp, log, logsumexp, "
    "matmul, max, min, neg, part, relu, sigmoid, sign, softmax, softplus, sqrt, step, sum, tanh)",
    "z * x": "column 5: unknown variable 'x'; the only one is z",
    "exp(2)": "column 1: does not depend on z",
    "z / sum(z)": "column 5: sum is not elementwise",
    "z @ z": "column 3: matmul is not elementwise",
    "2 * log(z)": "column 5: q1 = log(z) needs a number above 0, got z = 0",
    "z / (exp(z) - 1)": "column 3: f = z / q2 needs a divisor other than 0, got z = 0, q2 = 0",
    "sqrt(abs(z))": "column 1: f = sqrt(q1) has no finite slope by q1, got q1 = 0",
    "(z + 2) ** 1.5": "column 9: f = q1 ** 1.5 needs a whole exponent below 0, a positive one at 0, got q1 = -8",
    "exp(-z ** 3)": "column 1: f = exp(q2) is too large, got q2 = 1000",
    "max(0, z": "column 4: this bracket is never closed",
    "": "column 1: a number, a name or a bracket is missing; the formula ends here",
}


@pytest.mark.parametrize("f", PROBLEMS)
def test_what_is_wrong_is_said_with_the_column(f):
    assert list(Formula(f=f).problems()) == [(("f",), PROBLEMS[f])]


@pytest.mark.parametrize(
    ("activation", "place"),
    [
        ("{kind: formula, f: z ^ 2}", "3:36: model.activation.f"),
        ("[relu, {kind: formula, f: z ^ 2}]", "3:43: model.activation.1.f"),
    ],
)
def test_a_spec_says_where_it_stands(tmp_path, activation, place):
    path = tmp_path / "spec.yaml"
    path.write_text(f"data: {{source: digits}}\nmodel: {{kind: mlp, hidden: [4, 3]\n  , activation: {activation}}}\n")
    with pytest.raises(SpecError) as caught:
        load(path)
    assert caught.value.problems == (f"{path}:{place}: column 3: unexpected '^'; powers are written **",)


def test_it_is_a_part_of_a_spec_like_any_other():
    spec = {"data": {"source": "digits"}, "model": {"kind": "mlp", "activation": {"kind": "formula", "f": "z ** 2"}}}
    (unit,) = from_dict(spec).model.activation
    assert unit == Formula(f="z ** 2")
    assert [field.name for field in fields(unit)] == ["kind", "f"]
