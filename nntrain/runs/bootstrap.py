"""Intervals of figures by the bootstrap: how far they would move with other examples of the same kind (Efron 1979).

Knows nothing of metrics or files.
"""

from collections.abc import Callable, Mapping

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array

RESAMPLES = 1000
LEVEL = 0.95


def bootstrap(figures: Callable[[Array], Mapping[str, float]], n: int, seed: int = 0) -> dict[str, list[float]]:
    """Return [low, high] of each figure of n examples, the middle 95 % of 1000 resamples; the same for equal seeds.

    ``figures`` returns the figures of some rows (n,), drawn with replacement. Resamples in which a figure is NaN, such
    as one without a second class, do not count for it.
    """
    rng = generator(seed, Stream.BOOTSTRAP)
    drawn = [figures(rng.integers(0, n, n)) for _ in range(RESAMPLES)]
    tail = (1 - LEVEL) / 2
    found = {}
    for name in drawn[0]:
        values = np.array([one[name] for one in drawn])
        values = values[~np.isnan(values)]
        found[name] = np.quantile(values, [tail, 1 - tail]).tolist() if values.size else [float("nan")] * 2
    return found
