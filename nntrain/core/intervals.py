"""Intervals of what is measured on some examples. Knows nothing of models."""

from math import sqrt

NORMAL = 1.959963984540054  # 97.5 % of the normal distribution lie below


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n examples (Wilson 1927); within 0 and 1 also for none and for all."""
    z = NORMAL * NORMAL / n  # z²/n
    middle = (share + z / 2) / (1 + z)
    half = sqrt(share * (1 - share) * z + z * z / 4) / (1 + z)
    return max(0.0, middle - half), min(1.0, middle + half)
