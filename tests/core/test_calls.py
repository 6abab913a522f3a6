"""Recorded calls and the plan: the same products whatever the layout, no conversions left for the step."""

import hashlib

import numpy as np
import pytest

from nntrain.core import blas
from nntrain.core.calls import Calls
from nntrain.core.plan import MOST_PIECES, RULES, SMALL, SMALL_KERNELS, Plan

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
@pytest.mark.parametrize(
    "size", [(10, 10, 10), (100, 100, 150), (3, 2, 600), (500, 100, 60), (128, 100, 784), (1000, 1000, 1000)]
)
def test_pieces_cover_the_length_once(axis, size):
    for plan in PLANS:
        way, cuts = plan.pieces(*size, axis=axis)
        assert 1 <= len(cuts) <= MOST_PIECES[way]
        assert [i for cut in cuts for i in range(size[way])[cut]] == list(range(size[way]))


def test_pieces_of_middle_products_stay_in_the_small_path():
    plan = Plan.for_kernels("SkylakeX", 1)
    assert plan.pieces(32, 100, 784, axis=0) == (0, [slice(i, i + 8) for i in range(0, 32, 8)])
    way, cuts = plan.pieces(128, 100, 784, axis=0)  # few rows at a time are too many pieces: columns are cut
    assert (way, len(cuts)) == (1, 13)
    assert all((cut.stop - cut.start) * 128 * 784 <= SMALL for cut in cuts)
    assert plan.pieces(10, 10, 784, axis=0) == (0, [slice(0, 10)])


def test_the_plan_describes_itself():
    plan = Plan.for_kernels("Haswell", 2, fused=True)
    assert plan.describe() == {"kernels": "Haswell", "threads": 2, "small": 0, "fused": True, "rules": RULES}


def test_another_cut_is_another_number_of_the_rules():
    """Runs record the number, so that one that is resumed with other rules says so: a new digest needs a new number."""
    plan, widths = Plan.for_kernels("SkylakeX", 1), (1, 10, 64, 100, 128, 512, 784, 1000, 3072)
    pieces = [plan.pieces(m, n, k, axis=axis) for m in widths for n in widths for k in widths for axis in (0, 1)]
    told = repr([(way, [(cut.start, cut.stop) for cut in cuts]) for way, cuts in pieces])
    assert (RULES, hashlib.sha256(told.encode()).hexdigest()[:12]) == (2, "c06ccaa56424")


def test_pieces_begin_at_lines_of_the_cache_where_they_can():
    plan = Plan.for_kernels("SkylakeX", 1)
    assert plan.pieces(100, 784, 128, axis=1) == (1, [slice(i, min(i + 64, 784)) for i in range(0, 784, 64)])


@pytest.mark.parametrize("char", "fd")
@pytest.mark.parametrize("orders", ["CCC", "FCC", "CFC", "FFC"])
def test_gemm_adds_to_what_is_there(char, orders):
    rng = np.random.default_rng(1)
    a, b, out = (
        np.asarray(rng.integers(-8, 9, shape).astype(char), order=order)
        for shape, order in zip([(4, 5), (5, 3), (4, 3)], orders, strict=True)
    )
    if not blas.takes(a, b, out):
        pytest.skip("NumPy's BLAS does not show its routines")
    expected = 2 * out - 3 * (a @ b)  # whole numbers: exact
    blas.gemm(a, b, -3.0, 2.0, out)
    np.testing.assert_array_equal(out, expected)


def test_gemm_refuses_what_it_cannot_address():
    a, b = np.zeros((4, 5), "f"), np.zeros((5, 3), "f")
    assert not blas.takes(a, b, np.zeros((4, 3), "f", order="F"))
    assert not blas.takes(a[:, ::2], b[::2], np.zeros((4, 3), "f"))
    assert not blas.takes(a, b.astype("d"), np.zeros((4, 3), "f"))
