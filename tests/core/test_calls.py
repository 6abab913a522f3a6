"""Recorded calls and the plan: the same products whatever the layout, no conversions left for the step."""

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import MOST_PIECES, SMALL_KERNELS, Plan

PLANS = [Plan(), *(Plan.for_kernels(kernels, 1) for kernels in sorted(SMALL_KERNELS)), Plan(small=5000)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_calls_run_in_order_on_the_arrays_given(dtype):
    do, x = Calls(Plan(), np.dtype(dtype)), np.array([1.0, 4.0], dtype)
    do.label = "half"
    do(np.multiply, x, 0.5, out=x)
    do.label = "floor"
    do(np.maximum, x, 1.0, out=x)
    total = np.zeros((), dtype)
    do(x.dot, x, out=total)
    do.run()
    np.testing.assert_array_equal(x, [1.0, 2.0])
    assert total == 5.0
    assert [call.label for call in do] == ["half", "floor", "floor"]
    assert len(do) == len(do.bind()) == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_become_arrays_of_the_run_s_type(dtype):
    do, x = Calls(Plan(), np.dtype(dtype)), np.zeros(3, dtype)
    do(np.add, x, 0.1, out=x)
    (call,) = do
    assert call.args[1].dtype == dtype
    assert call.args[1].shape == ()


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.kernels}-{plan.small}")
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (64, 10, 100), (130, 70, 300), (1000, 64, 50)])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("orders", ["CCC", "FCC", "CFC", "CCF", "FFF"])
def test_products_are_right_in_every_layout_and_cut(plan, shape, axis, orders):
    m, n, k = shape
    rng = np.random.default_rng(0)
    a = np.asarray(rng.integers(-8, 9, (m, k)).astype(np.float64), order=orders[0])
    b = np.asarray(rng.integers(-8, 9, (k, n)).astype(np.float64), order=orders[1])
    out = np.full((m, n), np.nan, order=orders[2])
    do = Calls(plan, np.dtype(np.float64))
    do.matmul(a, b, out=out, axis=axis)
    do.run()
    np.testing.assert_array_equal(out, np.einsum("ik,kj->ij", a, b))  # whole numbers: exact in any order of summation


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("size", [(10, 10, 10), (100, 100, 150), (3, 2, 600), (500, 100, 60), (1000, 1000, 1000)])
def test_pieces_cover_the_length_once(axis, size):
    length = size[axis]
    for plan in PLANS:
        cuts = plan.pieces(*size, axis=axis)
        assert 1 <= len(cuts) <= MOST_PIECES[axis]
        assert [i for cut in cuts for i in range(length)[cut]] == list(range(length))


def test_the_plan_describes_itself():
    assert Plan.for_kernels("Haswell", 2).describe() == {"kernels": "Haswell", "threads": 2, "small": 0}
