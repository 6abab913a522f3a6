"""Optimizers, all of the registry: one contract, and first steps against plain formulas written a second time here."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.ops.optimizers import OPTIMIZERS, AdaGrad, Adam, AdamW, RmsProp, Sgd

VARIED = [Sgd(momentum=0.9), Sgd(momentum=0.5, nesterov=True), Adam(beta1=0.0), RmsProp(rho=0.0), AdamW(decay=0.3)]
ALL = [*(entry() for entry in OPTIMIZERS.values()), *VARIED]
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


@over(ALL)
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
        assert call.out.dtype == np.float32
        assert all(argument.dtype == np.float32 for argument in call.args if isinstance(argument, np.ndarray))
    for gradient in GRADIENTS:
        run.step(gradient)
    assert all(np.isfinite(vector).all() for vector in own)


@over(ALL)
def test_a_zero_gradient_is_a_fixed_point(optimizer):
    if hasattr(optimizer, "decay"):
        optimizer = replace(optimizer, decay=0.0)
    run = Run(optimizer, START)
    for _ in range(3):
        np.testing.assert_array_equal(run.step(0.0), START)


@over(ALL)
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


# --- the published formulas, as they stand in the papers -------------------------------------------------------------


def sgd(o, steps):
    theta, v = START, 0.0
    for g in steps:
        v = o.momentum * v + g
        theta = theta - o.lr * (g + o.momentum * v if o.nesterov else v)
        yield theta


def adagrad(o, steps):
    theta, s = START, 0.0
    for g in steps:
        s = s + g**2
        theta = theta - o.lr * g / (np.sqrt(s) + o.eps)
        yield theta


def rmsprop(o, steps):
    theta, s = START, 0.0
    for g in steps:
        s = o.rho * s + (1 - o.rho) * g**2
        theta = theta - o.lr * g / (np.sqrt(s) + o.eps)
        yield theta


def adam(o, steps):
    theta, m, v = START, 0.0, 0.0
    for t, g in enumerate(steps, 1):
        theta = theta * (1 - o.lr * getattr(o, "decay", 0.0))
        m = o.beta1 * m + (1 - o.beta1) * g
        v = o.beta2 * v + (1 - o.beta2) * g**2
        theta = theta - o.lr * (m / (1 - o.beta1**t)) / (np.sqrt(v / (1 - o.beta2**t)) + o.eps)
        yield theta


PUBLISHED = {Sgd: sgd, AdaGrad: adagrad, RmsProp: rmsprop, Adam: adam, AdamW: adam}


@over([optimizer for optimizer in ALL if type(optimizer) in PUBLISHED])
def test_the_first_steps_are_those_of_the_published_formula(optimizer):
    run = Run(optimizer, START)
    for gradient, expected in zip(GRADIENTS, PUBLISHED[type(optimizer)](optimizer, GRADIENTS), strict=True):
        theta = run.step(gradient)
        np.testing.assert_allclose(theta, expected, rtol=1e-13, atol=1e-14)


def test_slots_are_named_only_where_they_are_needed():
    assert Sgd().slots == ()
    assert Sgd(momentum=0.9).slots == ("velocity",)
    assert AdamW().slots == Adam().slots == ("m", "v")


def test_decoupled_decay_shrinks_by_the_rate_of_the_step():
    run = Run(AdamW(lr=0.1, decay=0.5), START)
    np.testing.assert_allclose(run.step(0.0, factor=0.2), START * (1 - 0.02 * 0.5), rtol=1e-15)
