"""The largest curvature of the cost, and the learning rate up to which steps are stable on it.

Knows nothing of runs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.network import Network
from nntrain.ops.optimizers import Adam, AdamW, Optimizer, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.train.state import State

Gradient = Callable[[Array], Array]
STEPS = 60  # Lanczos steps at most
TOLERANCE = 0.01  # of the eigenvalue: the residual at which the search ends


@dataclass(frozen=True, slots=True)
class Curvature:
    """The largest eigenvalue of the (preconditioned) Hessian at a point, and the largest stable learning rate there.

    The rate is infinite where the cost curves nowhere upwards.
    """

    eigenvalue: float
    stable_rate: float


def largest_eigenvalue(gradient: Gradient, theta: Array, scale: Array | None = None, *, seed: int = 0) -> float:
    """Return the largest eigenvalue of the Hessian at ``theta`` (P,), or of s H s with ``scale`` s (P,).

    By Lanczos steps (Lanczos 1950) with full orthogonalisation on central differences of the gradient. It ends when the
    residual of the Ritz pair is below 1 % of the value, so that an eigenvalue lies that near; power iteration has no
    such test, stops on plateaus, and finds the largest |λ|. NaN where a gradient is not finite.
    """
    s = np.ones(theta.size) if scale is None else scale
    v = generator(seed, Stream.DIAGNOSIS).standard_normal(theta.size)
    basis = [v / np.linalg.norm(v)]
    diagonal: list[float] = []
    beside: list[float] = []
    value = 0.0
    for step in range(min(STEPS, theta.size)):
        w = s * _along(gradient, theta, s * basis[-1])
        if not np.isfinite(w).all():
            return float("nan")
        diagonal.append(float(basis[-1] @ w))
        B = np.array(basis)
        for _ in range(2):  # once is not enough in floating point
            w = w - B.T @ (B @ w)
        rest = float(np.linalg.norm(w))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        value = float(values[-1])
        residual = rest * abs(vectors[-1, -1])
        if rest <= 1e-9 * np.abs(values).max() or (step >= 5 and residual <= TOLERANCE * abs(value)):
            break
        beside.append(rest)
        basis.append(w / rest)
    return value


def stable_rate(optimizer: Optimizer, gradient: Gradient, theta: Array, squares: Array | None) -> Curvature | None:
    """Return the curvature as an optimizer meets it at ``theta`` (P,), and its largest stable rate on the quadratic.

    Gradient descent with momentum μ is stable below 2(1 + μ)/λ, with Nesterov's below 2(1 + μ)/((1 + 2μ)λ). Adam is
    momentum β₁ on the cost in units of √v̂ + ε, stable below 2(1 + β₁)/((1 − β₁)λ) (Cohen et al. 2022); ``squares``
    is its v̂ (P,). None for other optimizers.
    """
    if isinstance(optimizer, Sgd):
        eigenvalue = largest_eigenvalue(gradient, theta)
        most = 2 * (1 + optimizer.momentum) / (1 + 2 * optimizer.momentum if optimizer.nesterov else 1)
    elif isinstance(optimizer, Adam | AdamW) and squares is not None:
        scale = 1 / np.sqrt(np.sqrt(np.maximum(squares, 0)) + optimizer.eps)
        eigenvalue = largest_eigenvalue(gradient, theta, scale)
        most = 2 * (1 + optimizer.beta1) / (1 - optimizer.beta1)
    else:
        return None
    return Curvature(eigenvalue, most / eigenvalue if eigenvalue > 0 else np.inf)


def mean_squares(optimizer: Optimizer, state: State) -> Array | None:
    """Return Adam's v̂ (P,) in a state; None for other optimizers and before the first step."""
    if not isinstance(optimizer, Adam | AdamW) or not state.step:
        return None
    to_root = optimizer.eps / optimizer.coefficients(state.step, optimizer.lr)[1]  # √v̂ = c₂ √slot, eps/c₂ is known
    return to_root**2 * state.slots["v"].astype(np.float64)


def gradient_of(network: Network, X: Array, t: Array, penalty: Penalty) -> Gradient:
    """Return the gradient of the mean cost on X (n, d), t (n, c), with the l2 penalty, as a function of theta (P,)."""
    params = network.params
    factors = penalty.factors(params)
    part = slice(0, params.n_weights if factors is None else params.size)
    rates = penalty.l2 if factors is None else penalty.l2 * factors

    def gradient(theta: Array) -> Array:
        params.theta[:] = theta
        with np.errstate(all="ignore"):
            _, g = network.value_and_grad(X, t)
        g = g.astype(np.float64)
        g[part] += rates * theta[part]
        return g

    return gradient


def _along(gradient: Gradient, theta: Array, direction: Array) -> Array:
    """Return H·direction by central differences of the gradient."""
    h = 1e-5 * (1 + np.linalg.norm(theta)) / max(float(np.linalg.norm(direction)), 1e-300)
    change: Array = gradient(theta + h * direction) - gradient(theta - h * direction)
    found: Array = change / (2 * h)  # (∇J(θ+hd) − ∇J(θ−hd)) / 2h
    return found
