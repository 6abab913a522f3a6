"""The affine map that brings inputs to a common scale, fitted on training rows and kept with the model.

Knows nothing of splits, sources or files.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.errors import CheckpointError, DataError

Scale: TypeAlias = Literal["none", "unit", "standard", "minmax"]
ROWS = 256  # rows scaled at a time, so that float64 copies stay in the cache
SHIFT, SCALE = "scaler.shift", "scaler.scale"  # names of the two tensors in a checkpoint


class Rows(Protocol):
    """Inputs (n, d) whose rows can be read, in memory or on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Array: ...


@dataclass(frozen=True, slots=True, eq=False)
class Scaler:
    """x → (x - shift) · scale with float64 arrays of shape (1,) or (d,)."""

    shift: Array
    scale: Array

    @classmethod
    def identity(cls) -> "Scaler":
        """Return the map that changes nothing."""
        return cls(np.zeros(1), np.ones(1))

    @classmethod
    def fit(cls, X: Rows, how: Scale) -> "Scaler":
        """Measure training rows X (n, d). A constant column is shifted to 0 and keeps its scale."""
        with np.errstate(over="ignore", divide="ignore"):
            return _FITS[how](X)

    def apply(self, X: Array, dtype: DType) -> Array:
        """Return (X - shift) · scale as a new C-contiguous array; DataError for numbers too large for ``dtype``.

        Bytes and other short integers are scaled in ``dtype`` itself; anything wider in float64, and rounded once.
        """
        self.check(X.shape[1])
        out = np.empty(X.shape, dtype)
        write = self.into(X.dtype, out.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for rows, block in _blocks(X):
                write(block, out[rows])
        if X.dtype.kind == "f" and not _is_finite(out):
            raise DataError(f"data: a scaled input is too large for {dtype}")
        return out

    def undo(self, values: Array) -> Array:
        """Return x = values / scale + shift (n, d) as float64."""
        return np.asarray(values / self.scale + self.shift)

    def into(self, source: np.dtype[Any], target: np.dtype[Any]) -> Callable[[Array, Array], None]:
        """Return a function (X, out) that writes (X - shift) · scale, from arrays of one type into another."""
        work = np.result_type(source, target)
        shift, scale = (a.astype(work).reshape(a.shape if a.size > 1 else ()) for a in (self.shift, self.scale))

        shifted = bool(shift.any())

        def scale_in_place(X: Array, out: Array) -> None:
            if X.dtype != out.dtype:
                np.copyto(out, X)
                X = out
            if shifted:
                X = np.subtract(X, shift, out)
            np.multiply(X, scale, out)  # (x - shift) · scale

        def scale_and_round(X: Array, out: Array) -> None:
            np.multiply(np.subtract(X, shift, dtype=work), scale, out, casting="same_kind")

        return scale_in_place if work == target else scale_and_round

    def check(self, width: int) -> None:
        """Raise DataError when the scaler does not fit inputs with this many columns."""
        if width != len(self.shift) and len(self.shift) != 1:
            raise DataError(f"data: {width} features do not fit a scaler of {len(self.shift)}")

    def tensors(self) -> dict[str, Array]:
        """Return the arrays to save in a checkpoint."""
        return {SHIFT: self.shift, SCALE: self.scale}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array]) -> "Scaler":
        """Return the scaler of a checkpoint's tensors; CheckpointError when they are missing or not valid."""
        missing = [name for name in (SHIFT, SCALE) if name not in tensors]
        if missing:
            raise CheckpointError(f"checkpoint: tensor '{missing[0]}' is missing")
        shift, scale = (np.asarray(tensors[name], np.float64) for name in (SHIFT, SCALE))
        if shift.ndim != 1 or shift.shape != scale.shape or not _is_finite(shift) or not _is_finite(scale):
            raise CheckpointError(f"checkpoint: '{SHIFT}' {shift.shape} and '{SCALE}' {scale.shape} make no scaler")
        return cls(shift, scale)


def _none(X: Rows) -> Scaler:
    return Scaler.identity()


def _unit(X: Rows) -> Scaler:
    lows, highs = _extremes(X)
    low, high = np.array([lows.min()], np.float64), np.array([highs.max()], np.float64)
    return Scaler(low, _inverse(high - low, low == high))


def _minmax(X: Rows) -> Scaler:
    low, high = (a.astype(np.float64) for a in _extremes(X))
    return Scaler(low, _inverse(high - low, low == high))


def _standard(X: Rows) -> Scaler:
    mean = np.zeros(X.shape[1])
    for _, block in _blocks(X):
        mean += block.sum(axis=0, dtype=np.float64)
    mean /= len(X)
    squares = np.zeros_like(mean)
    for _, block in _blocks(X):
        centred = block - mean
        squares += np.einsum("nd,nd->d", centred, centred)
    low, high = _extremes(X)
    constant = low == high  # compared exactly: with a rounded mean, its deviation would be tiny but not 0
    return Scaler(np.where(constant, low, mean), _inverse(np.sqrt(squares / len(X)), constant))


def _extremes(X: Rows) -> tuple[Array, Array]:
    """Return the least and the greatest value of each column."""
    ends = [(block.min(axis=0), block.max(axis=0)) for _, block in _blocks(X)]
    lows, highs = zip(*ends, strict=True)
    return np.min(lows, axis=0), np.max(highs, axis=0)


_FITS: dict[Scale, Callable[[Rows], Scaler]] = {
    "none": _none,
    "unit": _unit,
    "standard": _standard,
    "minmax": _minmax,
}


def _inverse(spread: Array, constant: Array) -> Array:
    """Return 1/spread, and 1 where a column is constant; DataError when the spread overflows or vanishes."""
    inverse = np.ones_like(spread)
    np.divide(1.0, spread, out=inverse, where=~constant)
    if not _is_finite(inverse) or not inverse.all():
        raise DataError("data: the range of a feature is too large or too small to scale")
    return inverse


def _blocks(X: Rows) -> Iterator[tuple[slice, Array]]:
    for start in range(0, len(X), ROWS):
        rows = slice(start, start + ROWS)
        yield rows, X[rows]


def _is_finite(values: Array) -> bool:
    """Return whether all values are finite, without allocating an array of flags."""
    return not values.size or bool(np.isfinite(values.min()) and np.isfinite(values.max()))
