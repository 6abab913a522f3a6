"""Activations, all of the registry: right values, right slopes, and the fast form equal to the lecture's formula."""

import inspect
from dataclasses import fields, replace
from decimal import Decimal, localcontext
from types import SimpleNamespace

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.params import Params
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace
from nntrain.gradcheck.numeric import check
from nntrain.ops.activations import ACTIVATIONS, Elementwise
from nntrain.ops.activations.units import Maxout, PRelu
from nntrain.ops.layers import Context

UNITS = [entry() for entry in ACTIVATIONS.values()]
ELEMENTWISE = [unit for unit in UNITS if isinstance(unit, Elementwise)]
# Other values of the fields, so that what the defaults hide is seen: slopes of 0 and near 1, α on both sides of 1.
VARIED = [
    replace(unit, **{name: value})
    for unit in UNITS
    for name, values in {
        "slope": (0.0, 0.3, 0.99),
        "alpha": (0.25, 3.0),
        "initial": (-0.5, 1.5),
        "pieces": (3, 5),
        "reach": (1.0, 2.5),
    }.items()
    if hasattr(unit, name)
    for value in values
]
FORMULAS = [unit for unit in (*UNITS, *VARIED) if isinstance(unit, Elementwise)]
EXTREME = [0.0, -0.0, 1e-30, -1e-30, 1e-5, -1e-5, 1.0, -1.0, 17.0, -17.0, 40.0, -40.0, 88.0, -88.0, 89.0, -89.0]
EXTREME += [400.0, -400.0, 709.0, -709.0, 710.0, -710.0, 745.0, -745.0]
SHAPES = [(3, 4), (200, 8), (40, 70), (61, 33)]  # few entries, column after column, row after row, odd sizes


def name(unit):
    return "-".join(str(getattr(unit, field.name)) for field in fields(unit))


def over(units):
    return pytest.mark.parametrize("unit", units, ids=name)


def values(shape, dtype, seed=0):
    """Return random numbers of all sizes, the extreme ones among them."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 1, size=shape)
    z.ravel()[: len(EXTREME)] = EXTREME[: z.size]
    rng.shuffle(z.ravel())
    return z.astype(dtype)


def ran(unit, x, d, *, order="plan", theta=None):
    """Run a unit forward and back on copies; return h, ∂/∂x, ∂/∂parameters."""
    dtype = x.dtype
    ws, do = Workspace(len(x), dtype, Plan()), Calls(Plan(), dtype)
    params = Params([unit.shapes(x.shape[1])], dtype)
    unit.initialize(params.values[0], np.random.default_rng(0))
    if theta is not None:
        params.theta[:] = theta
    z, down = (ws.block(a.shape[1]) if order == "plan" else np.empty(a.shape, dtype, order) for a in (x, d))
    z[:], down[:] = x, d
    h, backward = unit.bind(do, z, params.values[0], params.grads[0], Context(ws, training=True))
    do.run()
    value, back = h.copy(), Calls(Plan(), dtype)
    dx = backward(back, down)
    back.run()
    assert value.dtype == dx.dtype == dtype
    return value, dx.copy(), params.grad.copy()


# --- the formulas ----------------------------------------------------------------------------------------------------


def derivative(f, z):
    """Return f′(z) by central differences of fourth order, in the widest precision there is."""
    z = z.astype(np.longdouble)
    h = np.finfo(np.longdouble).eps ** 0.2 * np.maximum(1, np.abs(z))
    return (8 * (f(z + h) - f(z - h)) - (f(z + 2 * h) - f(z - 2 * h))) / (12 * h)


@over(FORMULAS)
def test_df_is_the_derivative_of_f(unit):
    z = np.concatenate([np.linspace(-30, 30, 601), np.random.default_rng(1).normal(size=200)])
    for kink in unit.kinks:
        z = z[np.abs(z - kink) > 0.01]
    exact = unit.df(z.astype(np.longdouble))
    error = np.abs(exact - derivative(unit.f, z)) / np.maximum(1, np.abs(z))
    assert error.max() < 1e3 * np.finfo(np.longdouble).eps ** 0.8


@over(FORMULAS)
def test_f_and_df_are_right_to_the_last_digits_of_each_precision(unit):
    for dtype in (np.float32, np.float64):
        z = values((2000,), dtype)
        for function in (unit.f, unit.df):
            got, want = function(z), function(z.astype(np.longdouble))
            assert got.dtype == dtype
            assert got.shape == z.shape
            error = np.abs(got - want) / np.maximum(1, np.abs(want))
            assert error.max() < 16 * np.finfo(dtype).eps, z[error.argmax()]


def exp(z):
    return z.exp()


def sigma(z):
    return 1 / (1 + exp(-z))


def tanh(z):
    return 2 * sigma(2 * z) - 1  # the identity of the notes, with the factor that they leave out


def gelu_inner(z):
    return (2 / Decimal("3.14159265358979323846264338327950288419717")).sqrt() * (z + Decimal("0.044715") * z**3)


SELU, SELU_ALPHA = Decimal("1.0507009873554804934193349852946"), Decimal("1.6732632423543772848170429916717")


def mish_slope(z):  # as printed in the paper, with ω and δ
    omega = 4 * (z + 1) + 4 * exp(2 * z) + exp(3 * z) + exp(z) * (4 * z + 6)
    delta = 2 * exp(z) + exp(2 * z) + 2
    return exp(z) * omega / delta**2


PAPER = {  # kind: (f, f′) as printed, in decimal arithmetic
    "identity": (lambda z: z, lambda z: Decimal(1)),
    "sigmoid": (sigma, lambda z: sigma(z) * (1 - sigma(z))),
    "tanh": (tanh, lambda z: 1 - tanh(z) ** 2),
    "relu": (lambda z: max(z, Decimal(0)), lambda z: Decimal(int(z > 0))),
    "softplus": (lambda z: (1 + exp(z)).ln(), sigma),
    "leaky_relu": (lambda z: z if z > 0 else Decimal("0.01") * z, lambda z: Decimal(1) if z > 0 else Decimal("0.01")),
    "elu": (lambda z: z if z > 0 else exp(z) - 1, lambda z: Decimal(1) if z > 0 else exp(z)),
    "silu": (lambda z: z * sigma(z), lambda z: sigma(z) + z * sigma(z) * (1 - sigma(z))),
    "gelu": (
        lambda z: z / 2 * (1 + tanh(gelu_inner(z))),
        lambda z: (1 + tanh(gelu_inner(z))) / 2
        + z / 2 * (1 - tanh(gelu_inner(z)) ** 2) * gelu_inner(Decimal(1)) / Decimal("1.044715")
        * (1 + Decimal("0.134145") * z * z),
    ),
    "mish": (lambda z: z * tanh((1 + exp(z)).ln()), mish_slope),
    "selu": (
        lambda z: SELU * (z if z > 0 else SELU_ALPHA * (exp(z) - 1)),
        lambda z: SELU * (Decimal(1) if z > 0 else SELU_ALPHA * exp(z)),
    ),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    "hard_sigmoid": (
        lambda z: max(Decimal(0), min(Decimal(1), z / 6 + Decimal("0.5"))),
        lambda z: Decimal(int(abs(z) < 3)) / 6,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PAPER)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_f_and_df_against_sixty_decimals(kind, dtype):
    unit = ACTIVATIONS[kind]()
    z = np.array([*EXTREME, *np.linspace(-12, 12, 97)], dtype)
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**9), 10**9
        for function, printed in zip((unit.f, unit.df), PAPER[kind], strict=True):
            exact = np.array([float(printed(Decimal(float(v)))) for v in z])
            tolerance = (
                16 * np.finfo(dtype).eps * np.maximum(1, np.abs(exact))
            )  # gelu: 1 − t², rounded like 1, times 20
            error = np.abs(function(z) - exact)
            worst = (error / tolerance).argmax()
            assert error[worst] <= tolerance[worst], (z[worst], error[worst])


@over(ELEMENTWISE)
def test_kinks_are_where_the_slope_jumps_and_nowhere_else(unit):
    places = np.linspace(-4, 4, 4097)  # 0 and other round numbers among them
    jump = np.abs(unit.df(places + 1e-9) - unit.df(places - 1e-9))
    found = [float(place) for place in places[jump > 1e-3]]
    smooth_here = [kink for kink in unit.kinks if abs(unit.df(np.array([kink + 1e-9, kink - 1e-9])) @ [1, -1]) < 1e-3]
    assert found == [kink for kink in unit.kinks if kink not in smooth_here]


def test_the_subgradient_of_relu_at_zero_is_zero():
    _, dx, _ = ran(ACTIVATIONS["relu"](), np.zeros((4, 5)), np.full((4, 5), 7.0))
    assert not dx.any()


# --- the fast form ---------------------------------------------------------------------------------------------------


@over(FORMULAS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["plan", "C", "F"])
def test_the_fast_form_equals_the_formula(unit, dtype, shape, order):
    x, d = values(shape, dtype), np.random.default_rng(1).normal(size=shape).astype(dtype)
    h, dx, _ = ran(unit, x, d, order=order)
    eps = np.finfo(dtype).eps
    reach = np.clip(np.abs(x), 1, 40)  # in f′ a saturating gate, rounded like 1, is multiplied by z
    for got, want, size in ((h, unit.f(x), 1), (dx, d * unit.df(x), reach * np.abs(d))):
        assert np.isfinite(got).all()
        error = np.abs(got - want) / np.maximum(np.abs(want), size)
        assert error.max() <= 4 * eps, (x.ravel()[error.argmax()], error.max() / eps)


@over(ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", EXTREME)
def test_one_number_alone_is_treated_like_many(unit, dtype, value):
    x = np.full((1, 1), value, dtype)
    h, dx, _ = ran(unit, x, np.ones_like(x))
    many_h, many_dx, _ = ran(unit, np.full((67, 33), value, dtype), np.ones((67, 33), dtype))
    eps = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(many_h, np.broadcast_to(h, many_h.shape), rtol=eps, atol=eps)
    np.testing.assert_allclose(many_dx, np.broadcast_to(dx, many_h.shape), rtol=eps, atol=eps)


@over(ELEMENTWISE)
def test_nan_is_never_hidden(unit):
    h, _, _ = ran(unit, np.full((3, 40), np.nan), np.ones((3, 40)))
    assert np.isnan(h).all()


@over([*UNITS, *VARIED])
@pytest.mark.parametrize("shape", [(3, 15), (90, 15)])  # row after row, column after column; 3 and 5 divide 15
def test_as_a_layer_its_gradients_pass_the_numerical_check(unit, shape):
    n, width = shape[0], unit.dense_width(shape[1])
    rng = np.random.default_rng(0)
    x, d = rng.normal(size=(n, width)), rng.normal(size=shape)
    params = Params([unit.shapes(width)], np.float64)
    unit.initialize(params.values[0], rng)
    point = np.concatenate([x.ravel(), params.theta + rng.normal(size=params.size) / 10])

    def value_and_grad(theta):
        h, dx, dp = ran(unit, theta[: x.size].reshape(x.shape), d, theta=theta[x.size :])
        return float(np.vdot(h, d)), np.concatenate([dx.ravel(), dp])

    report = check(value_and_grad, point, probes=60, tolerance=1e-7)
    assert report.passed, str(report)


@over(UNITS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_values_give_finite_numbers_and_no_warning(unit, dtype):
    x = np.array([EXTREME, EXTREME[::-1]], dtype).repeat(unit.dense_width(1), axis=1)
    d = np.ones((2, unit.n_out(x.shape[1])), dtype)
    assert all(np.isfinite(array).all() for array in ran(unit, x, d))


@over(UNITS)
def test_shapes_agree_with_widths(unit):
    width = unit.dense_width(6)
    assert unit.n_out(width) == 6
    h, dx, _ = ran(unit, np.ones((5, width)), np.ones((5, 6)))
    assert (h.shape, dx.shape) == ((5, 6), (5, width))


@over(UNITS)
def test_an_entry_overrides_both_passes_or_neither(unit):
    """Forward and backward share buffers: one of them alone cannot fit the other's inherited form."""
    owner = {method: next(c for c in type(unit).__mro__ if method in vars(c)) for method in ("forward", "backward")
             if hasattr(unit, method)}  # fmt: skip
    assert len(set(owner.values())) <= 1


# --- an activation that gives its formula alone ----------------------------------------------------------------------


class Cube(Elementwise):
    """z³, in the two lines that a new activation needs."""

    def f(self, z):
        return z * z * z

    def df(self, z):
        return 3 * z * z


@pytest.mark.parametrize("shape", SHAPES)
def test_f_and_df_suffice_for_a_new_activation(shape):
    x, d = np.random.default_rng(0).normal(size=(2, *shape))
    h, dx, _ = ran(Cube(), x, d)
    np.testing.assert_array_equal(h, x * x * x)
    np.testing.assert_array_equal(dx, d * (3 * x * x))
    assert not inspect.isabstract(Cube)


# --- units with parameters or pieces ---------------------------------------------------------------------------------


def test_prelu_learns_a_slope_for_each_unit():
    x = np.array([[-2.0, 3.0, -1.0], [4.0, -5.0, 0.0]])
    h, dx, dslope = ran(PRelu(), x, np.array([[1.0, 10.0, 2.0], [100.0, 3.0, 7.0]]), theta=[0.1, 0.2, 0.3])
    np.testing.assert_allclose(h, [[-0.2, 3.0, -0.3], [4.0, -1.0, 0.0]])
    np.testing.assert_allclose(dx, [[0.1, 10.0, 0.6], [100.0, 0.6, 2.1]])  # at 0 the slope below 0 counts
    np.testing.assert_allclose(dslope, [-2.0, -15.0, -2.0])


def test_prelu_starts_from_its_initial_slope():
    p = SimpleNamespace(slope=np.zeros(4))
    PRelu(initial=0.125).initialize(p, np.random.default_rng(0))
    np.testing.assert_array_equal(p.slope, 0.125)


@pytest.mark.parametrize("pieces", [2, 3, 5])
@pytest.mark.parametrize("n", [4, 300])
def test_maxout_takes_the_largest_piece_and_routes_the_gradient_to_it(pieces, n):
    width, rng = 6, np.random.default_rng(0)
    z, d = rng.normal(size=(n, pieces, width)), rng.normal(size=(n, width))
    h, dx, _ = ran(Maxout(pieces=pieces), z.reshape(n, -1), d)
    np.testing.assert_array_equal(h, z.max(axis=1))
    winners = np.arange(pieces)[:, None] == z.argmax(axis=1)[:, None, :]
    np.testing.assert_array_equal(dx.reshape(z.shape), d[:, None, :] * winners)


def test_where_maxout_pieces_tie_the_first_takes_the_whole_gradient():
    z = np.array([[[1.0, 2.0, 0.0, -0.0], [1.0, 2.0, 5.0, 0.0], [1.0, 3.0, 5.0, 0.0]]])
    _, dx, _ = ran(Maxout(pieces=3), z.reshape(1, -1), np.full((1, 4), 8.0))
    np.testing.assert_array_equal(dx.reshape(3, 4), [[8, 0, 0, 8], [0, 0, 8, 0], [0, 8, 0, 0]])


def test_leaky_relu_with_slope_zero_is_relu():
    x, d = np.random.default_rng(0).normal(size=(2, 30, 7))
    leaky, relu = ran(ACTIVATIONS["leaky_relu"](slope=0.0), x, d), ran(ACTIVATIONS["relu"](), x, d)
    np.testing.assert_array_equal(leaky[0], relu[0])
    np.testing.assert_array_equal(leaky[1], relu[1])


def test_selu_keeps_mean_0_and_variance_1():
    z = np.random.default_rng(0).normal(size=1_000_000)
    h = ACTIVATIONS["selu"]().f(z)
    assert h.mean() == pytest.approx(0, abs=4e-3)
    assert h.var() == pytest.approx(1, abs=8e-3)


def test_hard_sigmoid_is_that_of_pytorch_or_with_reach_that_of_keras_2():
    z = np.array([-4.0, -3.0, -1.5, 0.0, 2.0, 3.0, 9.0])
    np.testing.assert_allclose(ACTIVATIONS["hard_sigmoid"]().f(z), np.clip(z + 3, 0, 6) / 6, rtol=1e-15)
    np.testing.assert_allclose(ACTIVATIONS["hard_sigmoid"](reach=2.5).f(z), np.clip(0.2 * z + 0.5, 0, 1), rtol=1e-15)
