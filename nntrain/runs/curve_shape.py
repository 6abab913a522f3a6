"""What the recorded curve itself shows: whether the validation cost has risen since an epoch, and whether costs jump.

Knows nothing of networks.
"""

from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array

RISE = 0.15  # of the least validation cost: a lasting rise by less is noise
LEARNED = 0.93  # of the training cost at the least validation cost: what training must fall below since then
FEWEST = 10  # epochs from which a rise is looked for


@dataclass(frozen=True, slots=True)
class Overfit:
    """A validation cost that rises while the training cost falls: since which epoch, and by how much of its least."""

    since: int
    rise: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The training cost by epoch: how often it rises, and how much it swings in the last third."""

    rises: int
    steps: int
    swing: float


def overfit(train: Array, validation: Array, floor: float) -> Overfit | None:
    """Return since when a model is learned by heart; None where it is not, or where fewer than ten epochs tell.

    Costs by epoch, each (epochs,). Medians of three epochs are compared, so that one bad epoch is no verdict; rises of
    less than ``floor`` do not count.
    """
    n = len(validation)
    if n < FEWEST or len(train) != n or not np.isfinite(validation).all():
        return None
    smooth = np.array([np.median(validation[max(0, k - 1) : k + 2]) for k in range(n)])
    least = int(smooth.argmin())
    end = float(np.median(validation[-max(3, n // 10) :]))
    rise = end / max(smooth[least], 1e-12) - 1
    if end - smooth[least] < floor or rise < RISE or least >= 0.9 * n or train[-1] > LEARNED * train[least]:
        return None
    return Overfit(least + 1, rise)


def shape(first_cost: float, train: Array, floor: float) -> Shape:
    """Return how the training cost (epochs,) moves from epoch to epoch; rises of under 1 % do not count."""
    costs = np.append(first_cost, train)
    steps = np.diff(costs)
    late = steps[-max(1, len(train) // 3) :]
    level = max(float(np.median(train[-max(1, len(train) // 3) :])), floor) if len(train) else 1.0
    counted = steps > 0.01 * max(float(costs.min()), floor)
    return Shape(int(counted.sum()), len(steps), float(np.abs(late).mean() / level) if len(train) else 0.0)
