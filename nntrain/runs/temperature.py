"""The temperature that scores are divided by, so that probabilities say how often they are right (Guo et al. 2017).

Knows nothing of files.
"""

import math
from collections.abc import Callable

import numpy as np

from nntrain.ops.losses import Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy

LEAST, MOST = -7.0, 7.0  # logarithms of the temperatures that are looked at
GOLDEN = (math.sqrt(5) - 1) / 2
TOLERANCE = 1e-9  # of the logarithm


def likelihood_of(loss: Loss, width: int) -> Loss | None:
    """Return the loss that is the negative logarithm of the likelihood, for a loss with the same probabilities.

    None where ``width`` scores become others than by softmax or sigmoid. It is worked out from the scores, so that no
    probability of 0 has to be cut off.
    """
    z = np.sin(np.arange(1.0, 7 * width + 1)).reshape(7, width)  # any scores that saturate nothing
    known: tuple[Loss, ...] = (SoftmaxCrossEntropy(), SigmoidCrossEntropy())
    return next((one for one in known if np.allclose(one.link(z), loss.link(z))), None)


def find_temperature(cost: Callable[[float], float]) -> float | None:
    """Return the temperature T with the least cost, None where it falls without end towards one side.

    The negative log likelihood is convex in 1/T for softmax and sigmoid, so that golden sections of log T find its
    minimum (Kiefer 1953).
    """
    low, high = LEAST, MOST
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_a, at_b = cost(math.exp(a)), cost(math.exp(b))
    while high - low > TOLERANCE:
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - GOLDEN * (high - low)
            at_a = cost(math.exp(a))
        else:
            low, a, at_a = a, b, at_b
            b = low + GOLDEN * (high - low)
            at_b = cost(math.exp(b))
    found = (low + high) / 2
    return None if min(found - LEAST, MOST - found) < 1e-3 else math.exp(found)
