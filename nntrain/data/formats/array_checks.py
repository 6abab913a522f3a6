"""Arrays of others made ours: numbers only, native byte order, C order, every value finite.

Knows nothing of files.
"""

import numpy as np

from nntrain.core.types import Array
from nntrain.errors import DataError


def inputs(values: Array, where: str) -> Array:
    """Return X (n, …) with at least one row and column; DataError for another shape, text, or a value not finite."""
    if values.ndim < 2 or not values.size:
        raise DataError(f"{where}: inputs have rows and columns, got shape {values.shape}")
    return numbers(values, where)


def numbers(values: Array, where: str) -> Array:
    """Return numbers in native byte order and C order, nothing copied that is so already."""
    if values.dtype.kind not in "biuf":
        raise DataError(f"{where}: values of type {values.dtype} are not numbers")
    ours = np.ascontiguousarray(values, dtype=np.uint8 if values.dtype.kind == "b" else values.dtype.newbyteorder("="))
    if ours.dtype.kind == "f":
        _check_finite(ours, where)
    return ours


def _check_finite(values: Array, where: str) -> None:
    flags = np.isfinite(values)
    if not flags.all():
        place = tuple(np.unravel_index(int(np.argmin(flags)), values.shape))
        index = ", ".join(str(int(i)) for i in place)
        raise DataError(f"{where}[{index}]: is not a finite number, got {values[place]}")
