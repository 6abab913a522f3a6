"""The gradient checker: hand-made functions, planted errors, kinks near and far."""

import math

import numpy as np
import pytest

from nntrain.gradcheck import check

RNG = np.random.default_rng(7)
A = RNG.normal(size=(12, 12))
HESSIAN = A @ A.T / 12
CENTRE = RNG.normal(size=12)
THETA = RNG.normal(size=12)
X = RNG.normal(size=(40, 5))
LABELS = RNG.integers(0, 3, 40)


def quadratic(theta):
    return 0.5 * theta @ HESSIAN @ theta - CENTRE @ theta, HESSIAN @ theta - CENTRE


def softmax(theta):
    """Mean cross-entropy of softmax(X Wᵀ + b), W (3, 5), b (3,)."""
    W, b = theta[:15].reshape(3, 5), theta[15:]
    Z = X @ W.T + b
    Z = Z - Z.max(axis=1, keepdims=True)
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    cost = -np.log(P[np.arange(40), LABELS]).mean()
    delta = (P - np.eye(3)[LABELS]) / 40
    return cost, np.concatenate([(delta.T @ X).ravel(), delta.sum(axis=0)])


def relu_net(theta):
    """Mean squared output of a 5-8-1 ReLU network without biases."""
    W, w = theta[:40].reshape(8, 5), theta[40:]
    Z = X @ W.T
    H = np.maximum(Z, 0)
    out = H @ w
    dH = np.outer(out, w) / 40 * (Z > 0)
    return float(out @ out) / 80, np.concatenate([(dH.T @ X).ravel(), H.T @ out / 40])


FUNCTIONS = {
    "quadratic": (quadratic, THETA),
    "softmax": (softmax, 0.5 * RNG.normal(size=18)),
    "relu_net": (relu_net, RNG.normal(size=48)),
}
EACH_ENTRY = [(name, i) for name, (_, theta) in FUNCTIONS.items() for i in range(theta.size)]


def planted(function, entry, factor):
    def wrong(theta):
        value, grad = function(theta)
        grad = grad.copy()
        grad[entry] *= factor
        return value, grad

    return wrong


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_gradients_pass(name):
    report = check(*FUNCTIONS[name])
    assert report.passed, str(report)
    assert report.n_checked == FUNCTIONS[name][1].size
    assert report.max_error < 1e-7


@pytest.mark.parametrize(("name", "entry"), EACH_ENTRY)
@pytest.mark.parametrize("factor", [1.001, 0.999])
def test_an_error_of_a_tenth_of_a_percent_is_caught_in_any_entry(name, entry, factor):
    function, theta = FUNCTIONS[name]
    report = check(planted(function, entry, factor), theta)
    assert not report.passed
    assert report.worst == entry
    assert report.max_error == pytest.approx(1e-3, rel=0.01)


@pytest.mark.parametrize("size", [1e-9, 1e-5, 1e5, 1e9])
def test_neither_the_scale_of_the_function_nor_of_an_entry_hides_an_error(size):
    def scaled(theta):
        value, grad = quadratic(theta)
        return size * value, size * grad

    assert check(scaled, THETA, unit=size).passed
    assert not check(planted(scaled, 3, 1.001), THETA, unit=size).passed

    def stretched(theta):
        stretch = np.where(np.arange(12) == 3, 1e-4, 1.0)
        value, grad = quadratic(theta * stretch)
        return value, grad * stretch

    assert check(stretched, THETA).passed
    assert not check(planted(stretched, 3, 1.001), THETA).passed


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_rounding_of_the_function_is_no_error_of_the_gradient(offset):
    def blurred(theta):
        value, grad = quadratic(theta)
        return (value + offset) - offset, grad

    assert check(blurred, THETA).passed


def test_rounding_hidden_inside_a_tiny_value_is_no_error():
    def saturated(theta):  # log(e^50 + Σ e^θ) − 50, about 1e-21, computed with errors of 1e-15
        return float(np.log(np.exp(50.0) + np.exp(theta).sum()) - 50.0), np.exp(theta - 50.0)

    assert check(saturated, THETA).passed


@pytest.mark.parametrize("gap", [*np.geomspace(1e-9, 1e-1, 200), *np.linspace(1e-4, 4e-3, 200)])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_kink_near_the_point_never_looks_like_an_error(gap, side):
    def bent(theta):  # slope 0.3, and 1.3 beyond the kink
        beyond = theta[0] > side * gap
        return 0.3 * theta[0] + max(0.0, theta[0] - side * gap), np.array([1.3 if beyond else 0.3])

    report = check(bent, np.zeros(1), max_kinks=1.0)
    assert report.max_error < 1e-6, str(report)
    assert report.n_kinks + report.n_checked == 1
    if gap > 5e-6:  # twice the smallest step
        assert report.n_kinks == 0
        assert not check(planted(bent, 0, 1.001), np.zeros(1)).passed


def test_a_kink_at_the_point_is_counted_not_passed():
    def absolute(theta):
        return float(np.abs(theta).sum()), np.sign(theta)

    theta = np.zeros(5)
    report = check(absolute, theta)
    assert not report.passed
    assert (report.n_checked, report.n_kinks, report.max_error) == (0, 5, 0.0)
    assert str(report).startswith("undecided")


def test_few_kinks_are_let_through_many_are_not():
    def relu_sum(theta):
        return float(np.maximum(theta, 0).sum()), (theta > 0).astype(float)

    theta = np.where(np.arange(100) < 5, 0.0, RNG.normal(size=100))
    report = check(relu_sum, theta)
    assert report.passed
    assert (report.n_checked, report.n_kinks) == (95, 5)
    theta[5] = 0.0
    assert not check(relu_sum, theta).passed
    assert check(relu_sum, theta, max_kinks=0.06).passed


@pytest.mark.parametrize(("slope", "right"), [(0.0, True), (0.5, True), (1.0, True), (1.001, False), (-0.001, False)])
def test_at_a_kink_the_gradient_must_be_a_subgradient(slope, right):
    def relu(theta):
        return float(np.maximum(theta, 0).sum()), np.where(theta == 0, slope, theta > 0).astype(float)

    theta = np.where(np.arange(30) == 4, 0.0, RNG.normal(size=30))
    report = check(relu, theta)
    assert report.n_kinks == 1
    assert report.passed == right
    if not right:
        assert report.worst == 4


@pytest.mark.parametrize("power", [2, 3, 4, 5])
def test_flat_points_of_smooth_functions_are_not_kinks(power):
    def flat(theta):
        return float((theta**power).sum()), power * theta ** (power - 1)

    report = check(flat, np.zeros(3))
    assert report.passed, str(report)
    assert report.n_kinks == 0


@pytest.mark.parametrize("rate", [1.0, 30.0, 300.0])
def test_strong_curvature_shrinks_the_step(rate):
    def wave(theta):
        return float(np.sin(rate * theta).sum()), rate * np.cos(rate * theta)

    assert check(wave, THETA).passed
    assert not check(planted(wave, 2, 1.001), THETA).passed


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_fails(bad):
    report = check(planted(quadratic, 1, bad), THETA)
    assert not report.passed
    assert (report.worst, report.max_error) == (1, math.inf)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_function_that_is_not_finite_passes_nothing(bad):
    report = check(lambda theta: (bad, np.zeros(3)), np.zeros(3))
    assert not report.passed
    assert report.n_checked == 0


def test_probes_are_drawn_from_the_seed():
    function, theta = FUNCTIONS["relu_net"]
    assert check(function, theta, probes=10).n_checked == 10
    assert check(function, theta, probes=10_000).n_checked == 48
    found = {check(planted(function, 7, 2.0), theta, probes=10, seed=seed).worst == 7 for seed in range(40)}
    assert found == {True, False}
    assert check(function, theta, probes=10, seed=3) == check(function, theta, probes=10, seed=3)


def test_theta_stays_as_it_was_and_the_gradient_buffer_may_be_reused():
    buffer = np.empty(12)

    def reusing(theta):
        value, buffer[:] = quadratic(theta)
        return value, buffer

    theta = THETA.copy()
    assert check(reusing, theta).passed
    np.testing.assert_array_equal(theta, THETA)


def test_only_float64_is_checked():
    with pytest.raises(TypeError, match="theta must be float64, got float32"):
        check(quadratic, THETA.astype(np.float32))
    with pytest.raises(TypeError, match="gradient must be float64, got float32"):
        check(lambda theta: (0.0, theta.astype(np.float32)), THETA)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"must have shape \(12,\), got \(3,\)"):
        check(lambda theta: (0.0, theta[:3]), THETA)
    with pytest.raises(ValueError, match="nothing to check"):
        check(quadratic, THETA, probes=0)


def test_the_report_says_it_in_one_line():
    line = str(check(planted(quadratic, 4, 1.001), THETA))
    assert line.startswith("disagree: largest relative error 9.99e-04 (tolerance 1e-06) at entry 4, analytic ")
    assert line.endswith("12 entries checked, 0 at a kink")
    assert "\n" not in line
