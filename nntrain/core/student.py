"""Mean, spread and 95 % interval of a few figures, and paired tests, by Student's t (Student 1908).

Knows nothing of runs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

LEVEL = 0.95
POWER = 0.8  # with which a difference is to be shown (Cohen 1988)
MOST = 10_000  # pairs that are thought of
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

    @property
    def p(self) -> float:
        """The chance of a mean as far from 0, or farther, where the true mean is 0; NaN for fewer than two figures."""
        if self.n < 2 or not self.sd:
            return math.nan if self.n < 2 else float(self.mean == 0)
        return max(0.0, 1.0 - _within(abs(self.mean) * math.sqrt(self.n) / self.sd, self.n - 1))  # P(|T| > m √n / s)

    @property
    def needed(self) -> int | None:
        """How many figures like these would show, with a power of 80 %, that their mean is not 0; None for too many.

        The least n with |m| √n / s ≥ t₀.₉₇₅ + t₀.₈ (Cohen 1988).
        """
        if self.n < 2 or not self.mean:
            return None
        low, high = 2, MOST
        if not self._shows(high):
            return None
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._shows(middle) else (middle + 1, high)
        return low

    def _shows(self, n: int) -> bool:
        wanted = quantile(n - 1) + quantile(n - 1, 2 * POWER - 1)
        return abs(self.mean) * math.sqrt(n) >= wanted * self.sd


@cache
def quantile(freedom: int, level: float = LEVEL) -> float:
    """Return t with P(|T| ≤ t) = ``level`` for T of Student's distribution with ``freedom`` degrees: 12.71 for 1."""
    low, high = 0.0, 1e4
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
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
