"""The penalty: value and gradient of one function, on the weights it is given and nothing else."""

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.gradcheck.numeric import check
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES
from nntrain.ops.models import MODELS
from nntrain.ops.penalties import Penalty

PENALTIES = [Penalty(), Penalty(l1=0.3), Penalty(l2=0.7), Penalty(l1=0.2, l2=0.05)]
EVERY_WAY = [(penalty, factors) for penalty in PENALTIES for factors in (None, np.arange(40.0) % 4)]
W = np.random.default_rng(0).normal(size=40)


def ran(penalty, w, dw, factors=None):
    """Return the recorded value and dw + ∂penalty/∂w."""
    w, dw, total = w.copy(), dw.copy(), np.zeros(2, w.dtype)
    do = Calls(Plan(), w.dtype)
    penalty.bind(do, w, dw, total, np.full_like(w, np.nan), factors)
    do.run()
    assert all(call.out is None or call.out.dtype == w.dtype for call in do)
    return float(total.sum()), dw


@pytest.mark.parametrize(("penalty", "factors"), EVERY_WAY, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_recorded_equals_the_formula(penalty, factors, dtype):
    w, given = W.astype(dtype), None if factors is None else factors.astype(dtype)
    value, dw = ran(penalty, w, np.ones_like(w), given)
    each = 1.0 if factors is None else factors
    expected = penalty.l1 * (each * np.abs(W)).sum() + penalty.l2 / 2 * (each * W**2).sum()
    eps = float(np.finfo(dtype).eps)
    assert value == pytest.approx(expected, rel=16 * eps)
    assert penalty.value(w, given) == pytest.approx(expected, rel=16 * eps)
    slope = each * (penalty.l1 * np.sign(W) + penalty.l2 * W)
    np.testing.assert_allclose(dw, 1 + slope, rtol=8 * eps, atol=16 * eps)


@pytest.mark.parametrize(("penalty", "factors"), EVERY_WAY[2:], ids=repr)
def test_the_gradient_is_that_of_the_value(penalty, factors):
    report = check(lambda w: ran(penalty, w, np.zeros_like(w), factors), W)
    assert report.passed, str(report)


def test_the_subgradient_of_an_absolute_value_at_zero_is_zero():
    assert ran(Penalty(l1=1.0), np.zeros(3), np.zeros(3))[1].tolist() == [0, 0, 0]


def test_nothing_to_pay_is_false():
    assert [bool(penalty) for penalty in PENALTIES] == [False, True, True, True]
    do = Calls(Plan(), W.dtype)
    Penalty().bind(do, W, W, np.zeros(2), W)
    assert len(do) == 0


def of_layers(**fields):
    """Return the factors of a network of 3-2-2 units with learned slopes, by the names of its parameters."""
    model = MODELS["mlp"](hidden=(2,), activation=(ACTIVATIONS["prelu"](),))
    params = Network(model.layers(3, 2), LOSSES["mse"](), n_in=3, dtype="float64").params
    factors = Penalty(l2=1.0, **fields).factors(params)
    return {name: view.reshape(-1).tolist() for name, view in params.named(factors)}


def test_factors_are_those_of_the_layers_and_leave_slopes_alone():
    none, slopes = {"layers.0.b": [0, 0], "layers.2.b": [0, 0]}, {"layers.1.slope": [0, 0]}
    assert of_layers(layers=(2.0, 3.0)) == {"layers.0.W": [2] * 6, "layers.2.W": [3] * 4} | none | slopes
    assert of_layers(biases=True) == {
        "layers.0.W": [1] * 6,
        "layers.0.b": [1, 1],
        "layers.2.W": [1] * 4,
        "layers.2.b": [1, 1],
        **slopes,
    }
    both = of_layers(biases=True, layers=(2.0, 3.0))
    assert (both["layers.0.b"], both["layers.2.b"]) == ([2, 2], [3, 3])


@pytest.mark.parametrize("factors", [None, np.arange(40.0) % 4])
def test_the_step_of_l1_shrinks_to_exact_zeros(factors):
    penalty, w, rate = Penalty(l1=2.0, proximal=True), W.copy(), np.array(0.1)
    do = Calls(Plan(), w.dtype)
    penalty.shrink(do, w, rate, (np.empty(40), np.empty(40)), factors)
    do.run()
    threshold = 0.2 * (1.0 if factors is None else factors)
    np.testing.assert_allclose(w, np.where(np.abs(W) > threshold, W - np.sign(W) * threshold, 0), atol=1e-15)
    assert (w == 0).any()
    assert not np.signbit(w[w == 0]).any()
    np.testing.assert_array_equal(ran(penalty, W, np.zeros(40), factors)[1], 0)  # the gradient is without it
