"""The temperature that scores are divided by, so that probabilities say how often they are right (Guo et al. 2017).

Knows nothing of files.
"""

import math
from collections.abc import Callable

LEAST, MOST = -7.0, 7.0  # logarithms of the temperatures that are looked at
GOLDEN = (math.sqrt(5) - 1) / 2
TOLERANCE = 1e-9  # of the logarithm


def find_temperature(log_loss: Callable[[float], float]) -> float | None:
    """Return the temperature T with the least log loss, None where it falls without end towards one side.

    The log loss is convex in 1/T for softmax and sigmoid, so that golden sections of log T find its minimum
    (Kiefer 1953).
    """
    low, high = LEAST, MOST
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_a, at_b = log_loss(math.exp(a)), log_loss(math.exp(b))
    while high - low > TOLERANCE:
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - GOLDEN * (high - low)
            at_a = log_loss(math.exp(a))
        else:
            low, a, at_a = a, b, at_b
            b = low + GOLDEN * (high - low)
            at_b = log_loss(math.exp(b))
    found = (low + high) / 2
    return None if min(found - LEAST, MOST - found) < 1e-3 else math.exp(found)
