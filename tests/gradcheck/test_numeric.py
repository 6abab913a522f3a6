"""The gradient checker: hand-made functions, planted errors, kinks near and far."""

import math

import numpy as np
import pytest

from nntrain.gradcheck.numeric import Imaginary, Options, check, compare
from nntrain.gradcheck.numeric.complex_step import order_by_real_part
from nntrain.gradcheck.numeric.finite_differences import STEP

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
    assert report.worst.index == entry
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
        assert report.worst.index == 4


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
    assert (report.worst.index, report.max_error) == (1, math.inf)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_function_that_is_not_finite_passes_nothing(bad):
    report = check(lambda theta: (bad, np.zeros(3)), np.zeros(3))
    assert not report.passed
    assert report.n_checked == 0


def test_probes_are_drawn_from_the_seed():
    function, theta = FUNCTIONS["relu_net"]
    assert check(function, theta, probes=10).n_checked == 10
    assert check(function, theta, probes=10_000).n_checked == 48
    found = {check(planted(function, 7, 2.0), theta, probes=10, seed=seed).worst.index == 7 for seed in range(40)}
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


# --- kinks, by another way: activation patterns -----------------------------------------------------------------------


def patterns(theta, X):
    """Return the signs of the hidden units of ``relu_net`` with inputs X, for each example."""
    return np.sign(X @ theta[:40].reshape(8, 5).T)


def relu_net_on(X):
    def value_and_grad(theta):
        W, w = theta[:40].reshape(8, 5), theta[40:]
        Z = X @ W.T
        out = np.maximum(Z, 0) @ w
        dZ = np.outer(out, w) / len(X) * (Z > 0)
        return float(out @ out) / 2 / len(X), np.concatenate([(dZ.T @ X).ravel(), np.maximum(Z, 0).T @ out / len(X)])

    return value_and_grad


@pytest.mark.parametrize("seed", range(20))
def test_what_counts_as_a_kink_is_a_change_of_pattern_between_the_probes(seed):
    rng = np.random.default_rng(seed)
    X = np.rint(rng.normal(size=(6, 5)))
    theta = np.rint(rng.normal(size=48) * (rng.random(48) < 0.7)) + 0.0  # many units exactly at 0
    report = check(relu_net_on(X), theta)
    found = [entry.index for entry in report.entries if entry.kink]
    for i in found:
        h = 2 * STEP * max(1.0, abs(theta[i]))
        seen = []
        for side in (-h, 0.0, h):
            moved = theta.copy()
            moved[i] += side
            seen.append(patterns(moved, X))
        assert not (np.array_equal(seen[0], seen[1]) and np.array_equal(seen[1], seen[2]))
    assert report.n_undecided == 0
    assert bool(found) == bool((patterns(theta, X) == 0).any() and report.n_kinks)


@pytest.mark.parametrize("seed", range(50))
def test_away_from_exact_zeros_nothing_is_excused_as_a_kink(seed):
    rng = np.random.default_rng(seed)
    X, theta = rng.normal(size=(200, 5)), rng.normal(size=48)  # 1,600 units, some of them very near their kinks
    report = check(relu_net_on(X), theta)
    assert report.passed, str(report)
    assert report.n_kinks == 0


# --- random directions ------------------------------------------------------------------------------------------------


def seen_along(error, *, seed):
    """Tell whether one direction shows that the gradient of a plain sum is wrong by ``error`` (1000,)."""
    theta = np.zeros(1000)
    options = Options(probes=1, directions=1, seed=seed)
    report = compare(lambda: float(theta.sum()), np.ones(1000) + error, theta, options)
    return report.directions[0].error > options.tolerance


def test_a_direction_never_misses_an_error_in_one_entry():
    assert all(seen_along(np.where(np.arange(1000) == 10 * seed, 0.01, 0.0), seed=seed) for seed in range(100))


def test_how_often_a_direction_misses_errors_everywhere():
    rng = np.random.default_rng(0)
    caught = [seen_along(0.001 * rng.normal(size=1000), seed=seed) for seed in range(300)]
    assert sum(caught) >= 297  # an error of 0.1 % cancels within 1e-6 about once in a thousand directions


def test_a_right_gradient_passes_along_directions_and_theta_stays():
    function, start = FUNCTIONS["softmax"]
    theta = start.copy()
    gradient = function(theta)[1].copy()
    report = compare(lambda: function(theta)[0], gradient, theta, Options(probes=5, directions=3))
    assert [direction.error < 1e-8 for direction in report.directions] == [True] * 3
    np.testing.assert_array_equal(theta, start)
    whole = compare(lambda: function(theta)[0], gradient, theta, Options(directions=3))
    assert whole.directions == []  # nothing is left out


def test_half_of_the_entries_looked_at_are_alive():
    gradient = np.where(np.arange(1000) < 10, 1.0, 0.0)
    theta = np.zeros(1000)
    report = compare(lambda: float(theta[:10].sum()), gradient, theta, Options(probes=16))
    assert sum(entry.analytic != 0 for entry in report.entries) >= 8
    assert len({entry.index for entry in report.entries}) == 16


# --- complex steps ----------------------------------------------------------------------------------------------------


def bent(z):
    """Return a sum with pieces, sizes and saturation, for real and for complex z."""
    return np.where(z > 0, z, 0.1 * z).sum() + np.abs(z).sum() + np.logaddexp(z, 0.0).sum() + np.maximum(z, 0.5).sum()


def bent_gradient(z):
    return np.where(z > 0, 1, 0.1) + np.sign(z) + 1 / (1 + np.exp(-z)) + (z > 0.5)


def compare_bent(z, method, *, gradient=None):
    twin = order_by_real_part(z.astype(complex))
    imaginary = Imaginary(lambda: complex(bent(twin)), twin)
    right = bent_gradient(z) if gradient is None else gradient
    return compare(lambda: float(bent(z)), right, z, Options(method=method), imaginary=imaginary)


@pytest.mark.parametrize("method", ["complex", "both"])
def test_complex_steps_follow_the_pieces_to_the_last_digit(method):
    z = RNG.normal(size=40) * 3
    report = compare_bent(z, method)
    assert report.agrees
    assert report.second_error < 1e-14
    assert report.note == ""
    assert compare_bent(z, "central").second_error is None


@pytest.mark.parametrize("method", ["complex", "both"])
def test_complex_steps_catch_an_error_and_know_a_kink(method):
    z = np.array([1.0, 0.0, -2.0, 0.5])
    report = compare_bent(z, method)
    assert [entry.kink for entry in report.entries] == [False, True, False, True]
    assert report.agrees
    wrong = compare_bent(z, method, gradient=bent_gradient(z) * np.array([1.001, 1, 1, 1]))
    assert wrong.worst.index == 0
    assert wrong.second_error == pytest.approx(1e-3, rel=0.01)
    outside = compare_bent(z, method, gradient=bent_gradient(z) + np.array([0, 3.0, 0, 0]))
    assert [entry.index for entry in outside.wrong] == [1]


def test_what_takes_no_complex_numbers_is_said():
    z = np.array([1.0, 2.0])
    twin = order_by_real_part(z.astype(complex))
    imaginary = Imaginary(lambda: complex(np.cbrt(twin).sum()), twin)
    report = compare(
        lambda: float(np.cbrt(z).sum()), np.cbrt(z) / z / 3, z, Options(method="both"), imaginary=imaginary
    )
    assert report.agrees
    assert report.note == "ufunc 'cbrt' not supported for the input types"
    assert report.second_error is None


@pytest.mark.parametrize(
    "name", ["absolute", "sign", "maximum", "minimum", "logaddexp", "clip", "tanh", "expm1", "log1p"]
)
def test_continued_functions_are_the_real_ones_on_real_numbers(name):
    x = np.array([-700.0, -1.5, -1e-9, 0.0, 1e-9, 0.25, 30.0])
    function = getattr(np, name)
    more = {"maximum": (0.0,), "minimum": (0.1,), "logaddexp": (0.0,), "clip": (-1.0, 1.0)}.get(name, ())
    if name == "log1p":
        x = np.abs(x)
    with np.errstate(all="raise", under="ignore"):
        found = np.asarray(function(order_by_real_part(x.astype(complex)), *more))
    np.testing.assert_allclose(found.real, function(x, *more), rtol=1e-15, atol=1e-15)
    assert not found.imag.any()
    out = order_by_real_part(np.empty(x.shape, complex))
    function(order_by_real_part(x.astype(complex)), *more, out=out)
    np.testing.assert_array_equal(np.asarray(out), found)
