"""The different values of an array, and rows evenly chosen.

``numpy.unique`` does the same and imports masked arrays, a tenth of NumPy.
"""

import numpy as np

from nntrain.core.types import Array


def distinct(values: Array) -> Array:
    """Return the different values of an array in ascending order, (k,); NaN counts once."""
    if values.dtype.kind not in "uifSU" or (values != values).any():  # NaN alone differs from itself
        return np.unique(values)
    ordered = np.sort(values, axis=None)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def choose_evenly(n: int, most: int) -> Array:
    """Return up to ``most`` of the indices 0 … n − 1, ascending and as far apart as can be, with the first and last."""
    return distinct(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def distinct_codes(values: Array) -> tuple[Array, Array]:
    """Return the different values (k,) of values (n,), and the index of each value among them, (n,)."""
    found = distinct(values)
    return found, np.searchsorted(found, values)
