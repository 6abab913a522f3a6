"""The largest eigenvalue on quadratics of known spectrum, and the rate at which training parts from diverging."""

import numpy as np
import pytest

from nntrain.diagnosis.curvature import largest_eigenvalue, stable_rate
from nntrain.ops.optimizers import Adam, RmsProp, Sgd


def quadratic(spectrum, seed):
    """Return the gradient of ½ θᵀHθ for a Hessian with this spectrum in random directions."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((len(spectrum), len(spectrum))))
    H = Q @ np.diag(spectrum) @ Q.T
    return lambda theta: H @ theta


SPECTRA = {
    "seven decades": np.logspace(-4, 3, 40),
    "a tight gap": np.append(np.linspace(0, 0.99, 60), 1.0),
    "a larger negative one": np.array([-50.0, -3, 0.1, 2, 7]),
    "all equal": np.full(8, 3.0),
    "one": np.array([0.25]),
    "plateau": np.r_[np.full(30, 1e-3), 5.0],
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("seed", range(5))
def test_the_largest_eigenvalue_within_five_percent(name, seed):
    spectrum = SPECTRA[name]
    found = largest_eigenvalue(quadratic(spectrum, seed), np.ones(len(spectrum)), seed=seed)
    assert found == pytest.approx(spectrum.max(), rel=0.05)


def test_a_scale_is_taken_on_both_sides():
    H = np.diag([1.0, 4.0])
    assert largest_eigenvalue(lambda theta: H @ theta, np.ones(2), np.array([3.0, 1.0])) == pytest.approx(9.0, rel=1e-6)


def test_a_gradient_that_is_not_finite_gives_nan():
    assert np.isnan(largest_eigenvalue(lambda theta: np.full(3, np.nan), np.ones(3)))


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.5, False), (0.9, False), (0.5, True), (0.9, True)])
def test_descent_below_the_stable_rate_ends_and_above_it_does_not(momentum, nesterov):
    gradient = quadratic(np.array([0.1, 1.0, 2.5]), 0)
    optimizer = Sgd(momentum=momentum, nesterov=nesterov)
    limit = stable_rate(optimizer, gradient, np.zeros(3), None).stable_rate

    def length_after(rate):
        theta, slots = np.ones(3), {name: np.zeros(3) for name in optimizer.slots}
        for step in range(1, 2000):
            theta, slots = optimizer.update(theta, gradient(theta), slots, step=step, lr=rate)
            if np.abs(theta).max() > 1e6:
                return np.inf
        return float(np.linalg.norm(theta))

    assert length_after(0.95 * limit) < 1e-2
    assert length_after(1.05 * limit) > 1e2


def test_other_optimizers_have_no_known_limit():
    assert stable_rate(RmsProp(), quadratic(np.ones(2), 0), np.zeros(2), None) is None
    assert stable_rate(Adam(), quadratic(np.ones(2), 0), np.zeros(2), None) is None  # nothing known of its squares yet


def test_a_cost_that_curves_nowhere_upwards_has_no_limit():
    assert stable_rate(Sgd(), lambda theta: -theta, np.ones(3), None).stable_rate == np.inf
