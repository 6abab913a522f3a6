"""Compares a gradient with the derivatives of its function: entry by entry, along random directions, by complex steps.

A direction through all P entries costs as much as one entry and covers them all. It weighs each error by a random
factor between ½ and 1 and a random sign, so an error in a single entry always shows. Errors of relative size r
(‖error‖ / ‖gradient‖) cancel within the tolerance τ with a probability of about τ/r: 0.1 % for r = 0.1 % and τ = 1e-6,
and the square of that in two directions. Knows nothing of networks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.gradcheck.numeric.finite_differences import EPSILON, STEP, Slope, rounding, slope
from nntrain.gradcheck.numeric.gradient_report import Direction, Entry, Report

ValueAndGrad = Callable[[Array], tuple[float, Array]]
Method = Literal["central", "complex", "both"]

METHODS: tuple[Method, ...] = get_args(Method)

TINY = 2.0**-570  # the imaginary step: its square is exactly 0


@dataclass(frozen=True, slots=True)
class Options:
    """How to compare: ``probes`` entries (None: all), and ``directions`` if these are not all entries.

    Half of the entries are drawn from all, half from those whose analytic value is not 0. ``unit`` is the size of the
    numbers that the function adds up: a cost of 1e-20 whose scores are about 1 has the rounding errors of 1, and slopes
    below these errors count as zero.
    """

    tolerance: float = 1e-6
    probes: int | None = None
    directions: int = 0
    seed: int = 0
    max_kinks: float = 0.05
    unit: float = 1.0
    step: float = STEP
    method: Method = "central"
    entries: tuple[int, ...] | None = None  # these entries instead of random ones


@dataclass(frozen=True, slots=True, eq=False)
class Imaginary:
    """The same function in complex numbers: ``value()`` at ``theta`` (P,), which is moved in place.

    It must compare numbers by their real parts, so that Im f(θ + ih) / h is the derivative on every piece. ``value``
    raises TypeError if a part of the function does not take complex numbers.
    """

    value: Callable[[], complex]
    theta: Array


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

    The keywords are those of ``Options``. ``theta`` is not changed; the function gets a scratch vector that it must not
    keep, and may return the same gradient buffer each time. Raises TypeError for other precisions and ValueError for a
    gradient of another shape.
    """
    options = Options(tolerance, probes, 0, seed, max_kinks, unit, step)
    point = theta.copy()
    return compare(lambda: float(value_and_grad(point)[0]), value_and_grad(point)[1].copy(), point, options)


def compare(
    value: Callable[[], float],
    gradient: Array,
    theta: Array,
    options: Options = Options(),  # frozen
    *,
    imaginary: Imaginary | None = None,
) -> Report:
    """Compare a gradient (P,) with the derivatives of ``value()`` at ``theta`` (P,), both float64.

    ``theta`` is what the function reads; it is moved in place and restored.
    """
    for name, vector in (("theta", theta), ("the gradient", gradient)):
        if vector.dtype != np.float64:
            raise TypeError(f"gradcheck: {name} must be float64, got {vector.dtype}")
    if theta.size == 0 or options.probes == 0:
        raise ValueError("gradcheck: there is nothing to check")
    if gradient.shape != theta.shape:
        raise ValueError(f"gradcheck: the gradient must have shape {theta.shape}, got {gradient.shape}")
    return _Comparison(value, gradient, theta, options, imaginary).report()


class _Comparison:
    """A comparison in progress."""

    def __init__(
        self,
        value: Callable[[], float],
        gradient: Array,
        theta: Array,
        options: Options,
        imaginary: Imaginary | None,
    ) -> None:
        self.value, self.gradient, self.theta, self.options = value, gradient, theta, options
        self.rng = generator(options.seed, Stream.PROBE)
        self.noise = max(rounding(value, theta, self.rng), EPSILON * options.unit)
        self.imaginary = imaginary if options.method != "central" else None
        self.largest = float(np.max(np.abs(gradient), where=np.isfinite(gradient), initial=0.0))
        self.note = ""

    def report(self) -> Report:
        """Compare the entries and directions that the options ask for."""
        chosen = self._choose_entries()
        self._try_imaginary()
        entries = [self._entry(int(i)) for i in chosen]
        left_out = len(chosen) < self.theta.size
        directions = [self._direction() for _ in range(self.options.directions if left_out else 0)]
        return Report(entries, directions, self.options.tolerance, self.options.max_kinks, self.note)

    def _choose_entries(self) -> Array:
        """Return the indices of the entries to compare, in order."""
        size, probes = self.theta.size, self.options.probes
        if self.options.entries is not None:
            return np.array(self.options.entries, np.intp)
        if probes is None or probes >= size:
            return np.arange(size)
        alive = np.flatnonzero(self.gradient)
        drawn = self.rng.choice(alive, min(len(alive), probes // 2), replace=False)
        others = np.setdiff1d(self.rng.choice(size, min(size, 2 * probes), replace=False), drawn)
        return np.sort(np.concatenate([drawn, self.rng.permutation(others)[: probes - len(drawn)]]))

    def _try_imaginary(self) -> None:
        """Do without the complex step, and note it, if the function does not take complex numbers."""
        if self.imaginary is not None:
            try:
                self.imaginary.value()
            except TypeError as error:
                self.imaginary, self.note = None, str(error).split(",")[0]

    def _entry(self, i: int) -> Entry:
        analytic, tolerance = float(self.gradient[i]), self.options.tolerance
        second = self._imaginary_slope(i) if self.imaginary is not None else None
        apart = second.error(analytic, tolerance) if second is not None and not second.kink else None
        if second is not None and apart is not None and self.options.method == "complex" and apart <= tolerance:
            return replace(_make_entry(i, analytic, second, tolerance), second_error=apart)
        first = slope(self._line_of_entry(i), step=self._step(i), noise=self.noise, tolerance=tolerance)
        entry = _make_entry(i, analytic, first, tolerance)
        if second is None or apart is None or first.kink:
            return entry
        if self.options.method == "complex":
            entry = _make_entry(i, analytic, second, tolerance)
        return replace(entry, error=max(entry.error, apart), second_error=apart)

    def _step(self, i: int) -> float:
        return self.options.step * max(1.0, abs(float(self.theta[i])))

    def _line_of_entry(self, i: int) -> Callable[[float], float]:
        theta, here = self.theta, float(self.theta[i])

        def line(distance: float) -> float:
            theta[i] = here + distance
            value = self.value()
            theta[i] = here
            return value

        return line

    def _direction(self) -> Direction:
        """Compare along a random direction of length 1 whose entries are of similar size."""
        theta, base = self.theta, self.theta.copy()
        u = self.rng.uniform(0.5, 1.0, theta.shape) * self.rng.choice((-1.0, 1.0), theta.shape)
        u /= np.linalg.norm(u)

        def line(distance: float) -> float:
            np.multiply(u, distance, out=theta)
            theta.__iadd__(base)
            value = self.value()
            theta[:] = base
            return value

        analytic, tolerance = float(np.dot(self.gradient, u)), self.options.tolerance
        found = slope(line, step=self.options.step, noise=self.noise, tolerance=tolerance)
        numeric = found.nearest(analytic) if not found.kink else None
        return Direction(analytic, numeric, 0.0 if found.kink else found.error(analytic, tolerance))

    def _imaginary_slope(self, i: int) -> Slope:
        """Return Im f(θ ± ih eᵢ) / (±h): the one-sided slopes, which differ exactly at a kink (Martins et al. 2003)."""
        if self.imaginary is None:
            raise ValueError("there is no complex function")
        theta, here = self.imaginary.theta, self.imaginary.theta[i]
        sides = []
        for h in (TINY, -TINY):
            theta[i] = here + 1j * h
            sides.append(self.imaginary.value().imag / h)
        theta[i] = here
        slack = 10 * EPSILON * max(self.options.unit, self.largest)  # the analytic value is rounded, as 1 − (1 − p) is
        low, high = min(sides), max(sides)
        apart = high - low > self.options.tolerance * max(abs(low), abs(high)) + slack
        return Slope(low, high, slack, kink=apart)


def _make_entry(i: int, analytic: float, found: Slope, tolerance: float) -> Entry:
    numeric = found.nearest(analytic) if found.decided else math.nan
    error = found.error(analytic, tolerance)
    return Entry(i, analytic, numeric, error, found.kink, found.decided, slack=found.slack)
