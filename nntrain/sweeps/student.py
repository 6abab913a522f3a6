"""Mean, spread and 95 % interval of a few figures, by Student's t (Student 1908). Knows nothing of runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

LEVEL = 0.95
HALVINGS = 80  # from 1e4 down to beyond the last bit


@dataclass(frozen=True, slots=True)
class Sample:
    """Figures summed up: their number, mean, standard deviation (n − 1), and half the width of the mean's interval.

    NaN where there are too few: a mean needs one figure, the others two.
    """

    n: int
    mean: float
    sd: float
    half: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        """Sum up figures."""
        n = len(values)
        if n == 0:
            return cls(0, math.nan, math.nan, math.nan)
        mean = math.fsum(values) / n
        if n == 1:
            return cls(1, mean, math.nan, math.nan)
        sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
        return cls(n, mean, sd, quantile(n - 1) * sd / math.sqrt(n))  # t · s / √n


@cache
def quantile(freedom: int) -> float:
    """Return t with P(|T| ≤ t) = 0.95 for T of Student's distribution with ``freedom`` degrees: 12.71 for 1."""
    low, high = 0.0, 1e4
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < LEVEL else (low, middle)
    return (low + high) / 2


def _within(t: float, freedom: int) -> float:
    """Return P(|T| ≤ t) by the finite series in cos θ, tan θ = t/√ν (Abramowitz and Stegun 1964, 26.7.3 and 4)."""
    theta = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(theta), math.cos(theta)
    if freedom == 1:
        return 2 * theta / math.pi
    odd = freedom % 2
    term = cosine if odd else 1.0
    total, k = term, 2 + odd
    while k <= freedom - 2:
        term *= (k - 1) / k * cosine * cosine  # cos θ, ⅔ cos³ θ, ⅔·⅘ cos⁵ θ, … or 1, ½ cos² θ, ½·¾ cos⁴ θ, …
        total += term
        k += 2
    return 2 / math.pi * (theta + sine * total) if odd else sine * total
