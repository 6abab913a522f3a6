"""How far to go along a direction: a point where the cost has fallen enough and its slope has flattened enough.

Where the cost itself cannot show the fall any more, because it is rounded, the slope alone decides (Hager & Zhang
2005). Knows nothing of networks: only of a function of the length of the step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

FALL, FLAT = 1e-4, 0.9  # c₁ and c₂ of the Wolfe conditions, as usual for quasi-Newton steps
MOST = 40  # points that are tried
NEAR, FAR = 1.5, 8.0  # times the length so far, when it is too short
EDGE = 0.1  # the share of an interval that is kept from both its ends


@dataclass(frozen=True, slots=True)
class Point:
    """A length of the step, the cost there and its slope along the direction."""

    length: float
    cost: float
    slope: float


def search(at: Callable[[float], Point], start: Point, first: float, noise: float) -> Point | None:
    """Return a point with |φ′(a)| ≤ c₂ |φ′(0)| and φ(a) ≤ φ(0) + c₁ a φ′(0), the strong Wolfe conditions.

    ``start`` is φ at 0, with a negative slope; ``first`` is the length that is tried first; costs that differ by no
    more than ``noise`` count as equal. Without such a point, the lowest that is known, or None if none is lower.
    """
    low, high, length = start, None, first
    for _ in range(MOST):
        point = at(length)
        too_high = not point.cost <= start.cost + FALL * length * start.slope + noise or not isfinite(point.slope)
        if not too_high and abs(point.slope) <= FLAT * abs(start.slope):
            return point
        if too_high or point.slope >= 0:
            high = point
        else:
            low = point
        length = _further(low) if high is None else _between(low, high)
        if not low.length < length < (high.length if high else float("inf")):
            break
    return low if low.cost < start.cost - noise else None


def _further(low: Point) -> float:
    """Return a longer length than the longest so far, along which the cost still falls."""
    return FAR * low.length


def _between(low: Point, high: Point) -> float:
    """Return the lowest point of the cubic through both points (Nocedal & Wright 2006, 3.59), away from the ends."""
    width = high.length - low.length
    middle = low.length + width / 2
    if not (isfinite(high.cost) and isfinite(high.slope)):
        return low.length + EDGE * width
    d1 = low.slope + high.slope - 3 * (low.cost - high.cost) / (low.length - high.length)
    square = d1 * d1 - low.slope * high.slope
    if not square >= 0:
        return middle
    d2 = square**0.5
    bottom = high.slope - low.slope + 2 * d2
    best = high.length - width * (high.slope + d2 - d1) / bottom if bottom else middle
    return min(max(best, low.length + EDGE * width), high.length - EDGE * width)
