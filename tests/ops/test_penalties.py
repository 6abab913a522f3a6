"""The penalty: value and gradient of one function, on the weights it is given and nothing else."""

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.gradcheck.numeric import check
from nntrain.ops.penalties import Penalty

PENALTIES = [Penalty(), Penalty(l1=0.3), Penalty(l2=0.7), Penalty(l1=0.2, l2=0.05)]
W = np.random.default_rng(0).normal(size=40)


def ran(penalty, w, dw):
    """Return the recorded value and dw + ∂penalty/∂w."""
    w, dw, total = w.copy(), dw.copy(), np.zeros(2, w.dtype)
    do = Calls(Plan(), w.dtype)
    penalty.bind(do, w, dw, total, np.full_like(w, np.nan))
    do.run()
    assert all(call.out is None or call.out.dtype == w.dtype for call in do)
    return float(total.sum()), dw


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_recorded_equals_the_formula(penalty, dtype):
    w = W.astype(dtype)
    value, dw = ran(penalty, w, np.ones_like(w))
    expected = penalty.l1 * np.abs(W).sum() + penalty.l2 / 2 * (W**2).sum()
    eps = float(np.finfo(dtype).eps)
    assert value == pytest.approx(expected, rel=16 * eps)
    assert penalty.value(w) == pytest.approx(expected, rel=16 * eps)
    np.testing.assert_allclose(dw, 1 + penalty.l1 * np.sign(W) + penalty.l2 * W, rtol=8 * eps, atol=8 * eps)


@pytest.mark.parametrize("penalty", PENALTIES[1:], ids=repr)
def test_the_gradient_is_that_of_the_value(penalty):
    report = check(lambda w: ran(penalty, w, np.zeros_like(w)), W)
    assert report.passed, str(report)


def test_the_subgradient_of_an_absolute_value_at_zero_is_zero():
    assert ran(Penalty(l1=1.0), np.zeros(3), np.zeros(3))[1].tolist() == [0, 0, 0]


def test_nothing_to_pay_is_false():
    assert [bool(penalty) for penalty in PENALTIES] == [False, True, True, True]
    do = Calls(Plan(), W.dtype)
    Penalty().bind(do, W, W, np.zeros(2), W)
    assert len(do) == 0
