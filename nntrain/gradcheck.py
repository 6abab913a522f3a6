"""The numerical gradient checks the analytic one, in float64 and entry by entry.

Central differences of fourth order at two step sizes and the two one-sided slopes must agree before a numerical
derivative is believed; if they do not, a kink (ReLU, hinge, maxout) lies between the probes and the step shrinks. At a
kink itself the analytic value must be a subgradient. Only values of the function decide what is a kink, never the
gradient under test. Knows a function of a vector, not networks, layers or data.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array

ValueAndGrad = Callable[[Array], tuple[float, Array]]

EPSILON = 2.0**-52  # of float64
STEP = 2.0**-10  # balances truncation h⁴ and rounding ε/h in fourth-order differences
SHRINK = 2.0**-3  # from one step size to the next where a kink is near
SIZES = 4  # step sizes tried: 1e-3, 1.2e-4, 1.5e-5, 1.9e-6
NOISE_FACTOR = 30.0  # slopes may differ by so many times (rounding noise of the function) / step
NOISE_SPACING = 2.0**-33  # near enough that the function is straight, far enough that its rounding varies


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; ``str(report)`` says it in one line.

    The error of an entry is |analytic − numeric| / max(|analytic|, |numeric|, floor); the floor is where the rounding
    of the function itself hides errors of ``tolerance``.
    """

    max_error: float  # largest relative error; inf if the gradient is not finite
    worst: int  # index of the entry with the largest error
    analytic: float  # the gradient there
    numeric: float  # the numerical derivative there
    n_checked: int  # entries compared with a derivative
    n_kinks: int  # entries whose derivative jumps at theta or too near to it to tell
    tolerance: float
    max_kinks: float  # largest share of entries that may be at kinks

    @property
    def passed(self) -> bool:
        """Whether every error is within tolerance and few enough entries were at kinks."""
        few_kinks = self.n_kinks <= self.max_kinks * (self.n_checked + self.n_kinks)
        return self.n_checked > 0 and few_kinks and self.max_error <= self.tolerance

    def __str__(self) -> str:
        verdict = "agree" if self.passed else "disagree" if self.max_error > self.tolerance else "undecided"
        return (
            f"{verdict}: largest relative error {self.max_error:.2e} (tolerance {self.tolerance:g}) "
            f"at entry {self.worst}, analytic {self.analytic:.9g}, numeric {self.numeric:.9g}; "
            f"{self.n_checked} entries checked, {self.n_kinks} at a kink"
        )


def check(
    value_and_grad: ValueAndGrad,
    theta: Array,
    *,
    step: float = STEP,
    tolerance: float = 1e-6,
    probes: int | None = None,
    seed: int = 0,
    max_kinks: float = 0.05,
    unit: float = 1.0,
) -> Report:
    """Compare the gradient that ``value_and_grad`` returns at ``theta`` (P,) float64 with differences of its value.

    ``probes`` entries are drawn without replacement from ``seed`` (None: all P of them). Seven or more evaluations an
    entry. ``unit`` is the size of the numbers that the function adds up: a cost of 1e-20 whose scores are about 1 is
    rounded like 1, and slopes that such rounding hides are not told from zero. ``theta`` is not changed; the function
    gets a scratch vector that it must not keep, and may return the same gradient buffer each time. Raises TypeError for
    other precisions and ValueError for a gradient of another shape.
    """
    if theta.dtype != np.float64:
        raise TypeError(f"gradcheck: theta must be float64, got {theta.dtype}")
    if theta.size == 0 or probes == 0:
        raise ValueError("gradcheck: there is nothing to check")
    point = theta.copy()
    _, returned = value_and_grad(point)
    if returned.shape != theta.shape:
        raise ValueError(f"gradcheck: the gradient must have shape {theta.shape}, got {returned.shape}")
    if returned.dtype != np.float64:
        raise TypeError(f"gradcheck: the gradient must be float64, got {returned.dtype}")
    grad = returned.copy()
    rng = generator(seed, Stream.PROBE)
    noise = max(_noise(value_and_grad, theta, rng), EPSILON * unit)
    entries = np.arange(theta.size) if probes is None else _draw(rng, theta.size, probes)
    slopes = {int(i): _slope(value_and_grad, point, int(i), step, noise, tolerance) for i in entries}
    return _report(grad, slopes, tolerance, max_kinks)


@dataclass(frozen=True, slots=True)
class _Slope:
    """The numerical derivative of one entry: any value from ``low`` to ``high``, equal unless at a kink."""

    low: float
    high: float
    slack: float  # what rounding alone may add
    kink: bool


@dataclass(frozen=True, slots=True)
class _Differences:
    """Difference quotients of one entry with step h and h/2: central of fourth order, one-sided of second."""

    central: float
    forward: float
    backward: float
    central_gap: float  # between the two step sizes
    forward_gap: float
    backward_gap: float


def _noise(value_and_grad: ValueAndGrad, theta: Array, rng: np.random.Generator) -> float:
    """Return the size of the function's rounding errors near ``theta``, from second differences of near points."""
    direction = NOISE_SPACING * rng.uniform(-1.0, 1.0, theta.shape) * np.maximum(1.0, np.abs(theta))
    values = np.array([value_and_grad(theta + k * direction)[0] for k in range(9)])
    if not np.isfinite(values).all():
        return math.nan  # nothing compares with it: every entry stays undecided
    scatter = float(np.median(np.abs(np.diff(values, 2)))) / math.sqrt(6.0)  # variance of e₀ − 2e₁ + e₂ is 6σ²
    return max(scatter, EPSILON * abs(float(values[0])))


def _draw(rng: np.random.Generator, size: int, probes: int) -> Array:
    return np.sort(rng.choice(size, min(size, probes), replace=False))


def _slope(f: ValueAndGrad, point: Array, i: int, step: float, noise: float, tolerance: float) -> _Slope:
    """Return the derivative of entry ``i``, shrinking the step until all difference quotients agree."""
    h = step * max(1.0, abs(float(point[i])))
    for _ in range(SIZES):
        d = _differences(f, point, i, h)
        slack = NOISE_FACTOR * noise / h
        margin = max(slack, tolerance / 4 * abs(d.central))
        if d.central_gap <= margin and abs(d.forward - d.backward) <= margin:
            return _Slope(d.central, d.central, slack, kink=False)
        h *= SHRINK
    margin = max(slack, tolerance / 4 * max(abs(d.forward), abs(d.backward)))
    if d.forward_gap <= margin and d.backward_gap <= margin:
        return _Slope(min(d.forward, d.backward), max(d.forward, d.backward), slack, kink=True)
    return _Slope(-math.inf, math.inf, slack, kink=True)


def _differences(f: ValueAndGrad, point: Array, i: int, h: float) -> _Differences:
    """Evaluate at ±h/2, ±h and ±2h along entry ``i``; ``point`` is put back as it was."""
    here = float(point[i])

    def value(x: float) -> float:
        point[i] = x
        return float(f(point)[0])

    left, right = ([value(here + sign * k * h) for k in (0.5, 1.0, 2.0)] for sign in (-1, 1))
    f0 = value(here)
    central = [(8 * (right[k] - left[k]) - (right[k + 1] - left[k + 1])) / (6 * h * (k + 1)) for k in (0, 1)]
    forward = [(4 * right[k] - right[k + 1] - 3 * f0) / (h * (k + 1)) for k in (0, 1)]
    backward = [(3 * f0 - 4 * left[k] + left[k + 1]) / (h * (k + 1)) for k in (0, 1)]
    gaps = [abs(narrow - wide) for narrow, wide in (central, forward, backward)]
    return _Differences(central[1], forward[1], backward[1], *gaps)


def _report(grad: Array, slopes: dict[int, _Slope], tolerance: float, max_kinks: float) -> Report:
    errors = {i: _error(float(grad[i]), slope, tolerance) for i, slope in slopes.items()}
    worst = max(errors, key=errors.__getitem__)
    analytic, slope = float(grad[worst]), slopes[worst]
    n_kinks = sum(slope.kink for slope in slopes.values())
    return Report(
        max_error=errors[worst],
        worst=worst,
        analytic=analytic,
        numeric=min(max(analytic, slope.low), slope.high),
        n_checked=len(slopes) - n_kinks,
        n_kinks=n_kinks,
        tolerance=tolerance,
        max_kinks=max_kinks,
    )


def _error(analytic: float, slope: _Slope, tolerance: float) -> float:
    """Return the relative distance of the analytic value from the numerical one, or from its range at a kink."""
    if not math.isfinite(analytic):
        return math.inf
    numeric = min(max(analytic, slope.low), slope.high)
    distance = abs(analytic - numeric)
    return distance / max(abs(analytic), abs(numeric), slope.slack / tolerance) if distance else 0.0
