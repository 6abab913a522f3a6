"""The slope of a function along a line, computed from its values, or the kink that leaves it without one.

Central differences of fourth order at two step sizes and the two one-sided slopes must agree before a numerical
derivative is accepted. If they disagree, a kink (ReLU, hinge, maxout) lies between the probes, and the step shrinks.
Kinks are detected from the values of the function only: the gradient under test, or what units state about their kinks,
may be wrong in the same place. Knows nothing of networks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array

Line = Callable[[float], float]  # the function's value at a distance along a line

EPSILON = 2.0**-52  # of float64
STEP = 2.0**-10  # balances truncation h⁴ and rounding ε/h in fourth-order differences
SHRINK = 2.0**-3  # ratio of each step size to the one before, near a kink
SIZES = 7  # step sizes tried: 1e-3, 1.2e-4, … 3.7e-9
BELIEVED = 4  # step sizes after which different one-sided slopes mean a kink rather than strong curvature
NOISE_FACTOR = 30.0  # slopes may differ by so many times (rounding noise of the function) / step
NOISE_SPACING = 2.0**-33  # near enough that the function is straight, far enough that its rounding varies


@dataclass(frozen=True, slots=True)
class Slope:
    """The numerical derivative along a line: any value from ``low`` to ``high``, equal unless at a kink.

    If ``decided`` is false, a kink lies nearer than the smallest step, and the slope is unknown.
    """

    low: float
    high: float
    slack: float  # the error that rounding alone may cause
    kink: bool = False
    decided: bool = True

    def nearest(self, value: float) -> float:
        """Return the derivative between ``low`` and ``high`` that is nearest to a value."""
        return min(max(value, self.low), self.high)

    def error(self, analytic: float, tolerance: float) -> float:
        """Return |analytic − numeric| / max(|analytic|, |numeric|, floor), numeric being the nearest; inf for NaN.

        Below the floor, rounding errors of the function hide relative errors of ``tolerance``.
        """
        if not math.isfinite(analytic):
            return math.inf
        numeric = self.nearest(analytic)
        distance = abs(analytic - numeric)
        return distance / max(abs(analytic), abs(numeric), self.slack / tolerance) if distance else 0.0


@dataclass(frozen=True, slots=True)
class _Differences:
    """Difference quotients with step h and h/2: central of fourth order, one-sided of second."""

    central: float
    forward: float
    backward: float
    central_gap: float  # between the two step sizes
    forward_gap: float
    backward_gap: float


def slope(line: Line, *, step: float, noise: float, tolerance: float) -> Slope:
    """Return the slope at 0, shrinking the step until all difference quotients agree; 7 values per step size."""
    value, h = line(0.0), step
    slack = 0.0
    for size in range(1, SIZES + 1):
        d = _differences(line, value, h)
        slack = NOISE_FACTOR * noise / h
        margin = max(slack, tolerance / 4 * abs(d.central))
        if d.central_gap <= margin and abs(d.forward - d.backward) <= margin:
            return Slope(d.central, d.central, slack)
        margin = max(slack, tolerance / 4 * max(abs(d.forward), abs(d.backward)))
        if d.forward_gap <= margin and d.backward_gap <= margin:
            low, high = sorted((d.forward, d.backward))
            if high - low <= margin:  # only the curvature jumps, as with ELU
                return Slope((low + high) / 2, (low + high) / 2, slack)
            if size >= BELIEVED:
                return Slope(low, high, slack, kink=True)
        h *= SHRINK
    return Slope(-math.inf, math.inf, slack, kink=True, decided=False)


def rounding(value: Callable[[], float], theta: Array, rng: np.random.Generator) -> float:
    """Return the size of a function's rounding errors near ``theta``, from second differences of near points.

    ``theta`` is moved in place and restored. Returns NaN if the function is not finite; then every slope is undecided.
    """
    base = theta.copy()
    direction = NOISE_SPACING * rng.uniform(-1.0, 1.0, theta.shape) * np.maximum(1.0, np.abs(theta))
    values = np.empty(9)
    for k in range(9):
        np.add(base, k * direction, out=theta)
        values[k] = value()
    theta[:] = base
    if not np.isfinite(values).all():
        return math.nan
    scatter = float(np.median(np.abs(np.diff(values, 2)))) / math.sqrt(6.0)  # variance of e₀ − 2e₁ + e₂ is 6σ²
    return max(scatter, EPSILON * abs(float(values[0])))


def _differences(line: Line, value: float, h: float) -> _Differences:
    """Evaluate at ±h/2, ±h and ±2h."""
    left, right = ([line(sign * k * h) for k in (0.5, 1.0, 2.0)] for sign in (-1, 1))
    central = [(8 * (right[k] - left[k]) - (right[k + 1] - left[k + 1])) / (6 * h * (k + 1)) for k in (0, 1)]
    forward = [(4 * right[k] - right[k + 1] - 3 * value) / (h * (k + 1)) for k in (0, 1)]
    backward = [(3 * value - 4 * left[k] + left[k + 1]) / (h * (k + 1)) for k in (0, 1)]
    gaps = [abs(narrow - wide) for narrow, wide in (central, forward, backward)]
    return _Differences(central[1], forward[1], backward[1], *gaps)
