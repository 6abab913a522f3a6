"""The cost of the best scores that are the same for every example: what is reached without looking at the inputs.

Knows nothing of networks.
"""

import numpy as np

from nntrain.core.types import Array
from nntrain.ops.losses import Loss

ROWS = 600  # examples that are looked at, taken evenly
STEPS = 300
RATE = 0.2


def cost_of_constants(loss: Loss, t: Array) -> float:
    """Return the least mean cost over constant scores z (1, c) for encoded targets t (n, c).

    By Adam on z (Kingma and Ba 2015) with a rate that falls as 1/√k, from 0 and from the mean of the targets; the
    least cost on the way is returned, so it is an upper bound that is close to the least.
    """
    t = t[:: max(1, len(t) // ROWS)].astype(np.float64)
    starts = (np.zeros((1, t.shape[1])), t.mean(axis=0, keepdims=True))
    return min(_descend(loss, t, z) for z in starts)


def _descend(loss: Loss, t: Array, z: Array) -> float:
    best, m, v = np.inf, np.zeros_like(z), np.zeros_like(z)
    for k in range(1, STEPS):
        scores = np.repeat(z, len(t), axis=0)
        best = min(best, float(loss.cost(scores, t).mean()))
        g = loss.gradient(scores, t).sum(axis=0, keepdims=True)
        m = 0.9 * m + 0.1 * g  # m ← β₁ m + (1 − β₁) g
        v = 0.99 * v + 0.01 * g * g  # v ← β₂ v + (1 − β₂) g²
        z = z - RATE / np.sqrt(k) * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.99**k)) + 1e-12)
    return best
