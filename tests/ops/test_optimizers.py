"""Optimizers, all of the registry: one contract, and the recorded calls against the published rules on whole arrays."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.ops.optimizers import OPTIMIZERS, AdaGrad, Adam, AdamW, Lbfgs, Optimizer, RmsProp, Sgd

VARIED = [Sgd(momentum=0.9), Sgd(momentum=0.5, nesterov=True), Adam(beta1=0.0), RmsProp(rho=0.0), AdamW(decay=0.3)]
ALL = [*(entry() for entry in OPTIMIZERS.values()), *VARIED]
BY_ENTRY = [optimizer for optimizer in ALL if not optimizer.searches]  # what one parameter does, others do not touch
RNG = np.random.default_rng(0)
START, GRADIENTS = RNG.normal(size=50), RNG.normal(size=(6, 50)) * 10.0 ** RNG.uniform(-6, 2, size=(6, 50))


def over(optimizers):
    return pytest.mark.parametrize("optimizer", optimizers, ids=repr)


class Run:
    """An optimizer bound to vectors of its own; ``cuts`` splits them as the training step may."""

    def __init__(self, optimizer, theta, *, dtype=np.float64, cuts=None):
        self.optimizer, self.count = optimizer, 0
        self.theta, self.g = theta.astype(dtype), np.zeros(theta.shape, dtype)
        self.slots = {name: np.zeros_like(self.theta) for name in optimizer.slots}
        self.rates = [np.zeros((), dtype) for _ in optimizer.coefficients(1, optimizer.lr)]
        self.do = Calls(Plan(), np.dtype(dtype))
        scratch = np.full_like(self.theta, np.nan)  # nothing may be read before it is written
        edges = [0, *(cuts or []), theta.size]
        for start, stop in pairwise(edges):
            cut = slice(start, stop)
            slots = {name: vector[cut] for name, vector in self.slots.items()}
            optimizer.bind(self.do, self.theta[cut], self.g[cut], slots, self.rates, scratch[: stop - start])

    def step(self, gradient, factor=1.0):
        self.count += 1
        coefficients = self.optimizer.coefficients(self.count, self.optimizer.lr * factor)
        for rate, value in zip(self.rates, coefficients, strict=True):
            rate[...] = value
        self.g[:] = gradient
        self.do.run()
        return self.theta.copy()


# --- the contract ----------------------------------------------------------------------------------------------------


@over(ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moves_against_the_gradient_at_first(optimizer, dtype):
    moved = Run(replace(optimizer, **({"decay": 0.0} if hasattr(optimizer, "decay") else {})), START, dtype=dtype)
    gradient = np.where(GRADIENTS[0] > 0, 1.0, -1.0)
    assert ((moved.step(gradient) - START.astype(dtype)) * gradient < 0).all()


@over(BY_ENTRY)
def test_the_parts_of_a_vector_may_be_updated_one_after_the_other(optimizer):
    whole, cut = Run(optimizer, START), Run(optimizer, START, cuts=[1, 17, 40])
    for gradient in GRADIENTS:
        np.testing.assert_array_equal(whole.step(gradient), cut.step(gradient))
    for name, vector in whole.slots.items():
        np.testing.assert_array_equal(vector, cut.slots[name])


@over(ALL)
def test_works_in_place_and_in_the_run_s_precision(optimizer):
    run = Run(optimizer, START, dtype=np.float32)
    own = [run.theta, run.g, *run.slots.values()]
    for call in run.do:
        assert call.out is None or call.out.dtype == np.float32
        assert all(argument.dtype == np.float32 for argument in call.args if isinstance(argument, np.ndarray))
    for gradient in GRADIENTS:
        run.step(gradient)
    assert all(np.isfinite(vector).all() for vector in own)
    assert run.theta.dtype == np.float32
    assert not np.array_equal(run.theta, START.astype(np.float32))


@over(ALL)
def test_a_zero_gradient_is_a_fixed_point(optimizer):
    if hasattr(optimizer, "decay"):
        optimizer = replace(optimizer, decay=0.0)
    run = Run(optimizer, START)
    for _ in range(3):
        np.testing.assert_array_equal(run.step(0.0), START)


@over(BY_ENTRY)
def test_a_rate_of_zero_moves_nothing_but_is_remembered(optimizer):
    run = Run(optimizer, START)
    for gradient in GRADIENTS:
        np.testing.assert_array_equal(run.step(gradient, factor=0.0), START)
    assert all(vector.any() for vector in run.slots.values())


@over(ALL)
@pytest.mark.parametrize("size", [1e-30, 1e-12, 1e12])
def test_gradients_of_any_size_give_finite_steps(optimizer, size):
    for dtype in (np.float32, np.float64):
        run = Run(optimizer, START, dtype=dtype)
        for gradient in GRADIENTS:
            assert np.isfinite(run.step(np.sign(gradient) * size)).all()


@over(ALL)
def test_reaches_the_minimum_of_a_bowl(optimizer):
    if hasattr(optimizer, "decay"):
        optimizer = replace(optimizer, decay=0.0)
    bowl, centre = np.array([0.5, 1.0, 2.0]), np.array([0.3, -0.2, 0.1])
    run = Run(replace(optimizer, lr=0.05), np.zeros(3))
    for step in range(3000):
        theta = run.step(bowl * (run.theta - centre), factor=1 / (1 + step / 100))
    np.testing.assert_allclose(theta, centre, atol=2e-3)


@over(ALL)
def test_says_rightly_that_its_coefficients_change_with_the_step(optimizer):
    changes = len({tuple(optimizer.coefficients(step, 0.1)) for step in (1, 2, 5)}) > 1
    assert changes <= optimizer.per_step


@over(ALL)
def test_folds_only_what_is_plain_descent(optimizer):
    """Where the rate may be folded into the gradient, the update is θ − ε g and nothing else."""
    if optimizer.folds:
        run = Run(optimizer, START)
        expected = START
        for gradient in GRADIENTS:
            expected = expected - optimizer.lr * gradient
            np.testing.assert_array_equal(run.step(gradient), expected)


# --- the published rules on whole arrays -----------------------------------------------------------------------------


def published(optimizer, theta=START, gradients=GRADIENTS, dtype=np.float64):
    """Yield theta after each step of ``update``, which must leave its arguments alone."""
    theta, slots = theta.astype(dtype), {name: np.zeros(theta.shape, dtype) for name in optimizer.slots}
    for step, g in enumerate(gradients.astype(dtype), 1):
        given = [theta, g, *slots.values()]
        kept = [array.copy() for array in given]
        after, slots = optimizer.update(theta, g, slots, step=step, lr=optimizer.lr)
        for array, copy in zip(given, kept, strict=True):
            np.testing.assert_array_equal(array, copy)
        assert set(slots) == set(optimizer.slots)
        assert {after.dtype, *(vector.dtype for vector in slots.values())} == {np.dtype(dtype)}
        theta = after
        yield theta


@over(ALL)
def test_the_recorded_calls_are_the_published_rule(optimizer):
    run = Run(optimizer, START)
    for gradient, expected in zip(GRADIENTS, published(optimizer), strict=True):
        np.testing.assert_allclose(run.step(gradient), expected, rtol=1e-13, atol=1e-14)


def untuned(optimizer):
    """Return the optimizer as it is without calls of its own: with nothing but ``update``."""
    entry = type(optimizer)
    plain = type(entry.__name__, (entry,), {"bind": Optimizer.bind, "coefficients": Optimizer.coefficients})
    return plain(**{field.name: getattr(optimizer, field.name) for field in fields(optimizer)})


@over(BY_ENTRY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_rule_alone_suffices(optimizer, dtype):
    run, cut = (Run(untuned(optimizer), START, dtype=dtype, cuts=cuts) for cuts in (None, [1, 17, 40]))
    optimizer = replace(optimizer, lr=float(dtype(optimizer.lr)))  # the rate is kept in the run's precision
    for gradient, expected in zip(GRADIENTS, published(optimizer, dtype=dtype), strict=True):
        np.testing.assert_array_equal(run.step(gradient), expected)
        np.testing.assert_array_equal(cut.step(gradient), expected)


def test_two_steps_by_hand():
    """θ = 1, g = 2 then −1, the numbers worked out on paper."""
    gradients = np.array([[2.0], [-1.0]])
    for optimizer, steps in [
        (Sgd(lr=0.1), [0.8, 0.9]),
        (Sgd(lr=0.1, momentum=0.5), [0.8, 0.8]),  # v = 2, then 0.5 · 2 − 1 = 0
        (Sgd(lr=0.1, momentum=0.5, nesterov=True), [0.7, 0.8]),  # 2 + 0.5 · 2 = 3, then −1 + 0.5 · 0 = −1
        (AdaGrad(lr=0.1), [0.9, 0.9 + 0.1 / 5**0.5]),  # s = 4, then 5
        (RmsProp(lr=0.1, rho=0.5), [1 - 0.2 / 2**0.5, 1 - 0.2 / 2**0.5 + 0.1 / 1.5**0.5]),  # s = 2, then 1.5
        (Adam(lr=0.1, beta1=0.5, beta2=0.5), [0.9, 0.9]),  # m̂ = 2, then (0.5 · 1 − 0.5) / 0.75 = 0
        (AdamW(lr=0.1, beta1=0.5, beta2=0.5, decay=0.5), [0.85, 0.85 * 0.95]),
    ]:
        got = [theta.item() for theta in published(optimizer, np.ones(1), gradients)]
        np.testing.assert_allclose(got, steps, rtol=1e-7, err_msg=repr(optimizer))


def test_slots_are_named_only_where_they_are_needed():
    assert Sgd().slots == ()
    assert Sgd(momentum=0.9).slots == ("velocity",)
    assert AdamW().slots == Adam().slots == ("m", "v")


def test_decoupled_decay_shrinks_by_the_rate_of_the_step():
    run = Run(AdamW(lr=0.1, decay=0.5), START)
    np.testing.assert_allclose(run.step(0.0, factor=0.2), START * (1 - 0.02 * 0.5), rtol=1e-15)


def test_lbfgs_ends_a_quadratic_of_n_variables_in_n_steps_with_exact_lengths():
    """With H₀ a multiple of I and exact line searches the directions are conjugate (Nocedal & Wright 2006, 7.2)."""
    A = np.diag([1.0, 4.0, 9.0, 25.0])
    rule, theta = Lbfgs(memory=5), np.array([1.0, -2.0, 0.5, 3.0])
    slots = {name: np.zeros(4) for name in rule.slots}
    for step in range(1, 5):
        g = A @ theta
        d, slots = rule.direction(theta, g, slots, step=step)
        theta = theta - (g @ d) / (d @ A @ d) * d
    np.testing.assert_allclose(theta, 0, atol=1e-12)


def test_lbfgs_direction_is_that_of_the_bfgs_matrix():
    """H ← (I − ρsyᵀ) H (I − ρysᵀ) + ρssᵀ on whole matrices, over more steps than are remembered."""
    rule, n = Lbfgs(memory=3), 5
    A = RNG.normal(size=(n, n))
    A = A @ A.T + np.eye(n)
    points = RNG.normal(size=(7, n))
    slots = {name: np.zeros(n) for name in rule.slots}
    for step, theta in enumerate(points, 1):
        d, slots = rule.direction(theta, A @ theta, slots, step=step)
    pairs = [(b - a, A @ (b - a)) for a, b in pairwise(points)][-3:]
    s, y = pairs[-1]
    H = (s @ y) / (y @ y) * np.eye(n)
    for s, y in pairs:
        V = np.eye(n) - np.outer(y, s) / (y @ s)
        H = V.T @ H @ V + np.outer(s, s) / (y @ s)
    np.testing.assert_allclose(d, -H @ (A @ points[-1]), rtol=1e-10)


def test_lbfgs_learns_nothing_from_a_step_along_which_the_gradient_falls():
    rule, theta = Lbfgs(), np.ones(3)
    slots = {name: np.zeros(3) for name in rule.slots}
    _, slots = rule.direction(theta, np.array([1.0, 0, 0]), slots, step=1)
    d, _ = rule.direction(theta + 1, np.array([-2.0, 0, 0]), slots, step=2)
    np.testing.assert_array_equal(d, [1.0, 0, 0])
