"""Inputs that are kept as they were stored, usually as bytes, and scaled only when they are read.

Bytes take a quarter of the memory of float32, and a batch reads a quarter of the data. Knows nothing of sources, splits
or networks.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.transforms.scaler import Scaler

LARGE = 1 << 24  # bytes of scaled inputs from which reading them takes longer than scaling again (measured)


@dataclass(frozen=True, slots=True, eq=False)
class LazyInputs:
    """Inputs ``values`` (n, d), short integers or on disk; indexing returns scaled rows in ``dtype``."""

    values: Array | OnDisk
    scaler: Scaler
    dtype: DType

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.values.shape

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice | Array) -> Array:
        return self.scaler.apply(self.values[rows], self.dtype)


Inputs: TypeAlias = Array | LazyInputs | OnDisk


def scale_inputs(X: Inputs, scaler: Scaler, dtype: DType) -> Inputs:
    """Return inputs (n, d) scaled to ``dtype``: at once, or on demand if they are many short integers or on disk.

    Both ways give the same numbers. DataError for numbers too large for ``dtype``.
    """
    if isinstance(X, LazyInputs):
        raise TypeError("inputs are scaled once")
    if isinstance(X, OnDisk):
        scaler.check(X.shape[1])
        return LazyInputs(X, scaler, dtype)
    narrow = X.dtype.kind in "ui" and X.itemsize < np.dtype(dtype).itemsize
    if narrow and X.size * np.dtype(dtype).itemsize >= LARGE:
        scaler.check(X.shape[1])
        return LazyInputs(X, scaler, dtype)
    return scaler.apply(X, dtype)


class Fetcher:
    """Copies rows of some inputs into a buffer (rows, d), by itself: it holds the scratch memory that this takes."""

    def __init__(self, X: Inputs, rows: int) -> None:
        self._X = X
        if isinstance(X, LazyInputs):
            self._as_wanted = X.values.dtype == np.dtype(X.dtype)
            self._scratch = np.empty((0 if self._as_wanted else rows, X.shape[1]), X.values.dtype)
            self._scale = X.scaler.into(X.values.dtype, np.dtype(X.dtype))

    @property
    def nbytes(self) -> int:
        """Bytes of scratch memory."""
        return self._scratch.nbytes if isinstance(self._X, LazyInputs) else 0

    def gather(self, rows: Array, out: Array) -> None:
        """Copy the rows with these numbers into ``out``, which has as many rows."""
        X = self._X  # mode "clip", since NumPy copies the output once more when it checks bounds
        if isinstance(X, LazyInputs):
            stored = out if self._as_wanted else self._scratch[: len(out)]
            X.values.take(rows, 0, stored, "clip")
            self._scale(stored, out)
        else:
            X.take(rows, 0, out, "clip")

    def copy(self, rows: slice, out: Array) -> None:
        """Copy a range of rows."""
        X = self._X
        if isinstance(X, LazyInputs):
            self._scale(X.values[rows], out)
        else:
            out[...] = X[rows]
