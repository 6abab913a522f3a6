"""The map that scales the targets of a regression for training, and predictions back to the units of the targets.

It is fitted on training rows and saved with the model. Knows nothing of inputs or splits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.errors import CheckpointError, DataError

TargetScale: TypeAlias = Literal["none", "standard"]
SHIFT, UNIT = "target.shift", "target.unit"  # names of the two tensors in a checkpoint
SQUARED = 1e16  # targets above this overflow float32 when a million of their squares are added


@dataclass(frozen=True, slots=True, eq=False)
class TargetScaler:
    """y → (y − shift) / units, with shift and units (k,) for each target column, or (1,) for all together."""

    shift: Array
    units: Array

    @classmethod
    def identity(cls) -> "TargetScaler":
        """Return the map that changes nothing."""
        return cls(np.zeros(1), np.ones(1))

    @classmethod
    def fit(cls, y: Array, how: TargetScale) -> "TargetScaler":
        """Measure mean and standard deviation of training targets y (n, k); a constant target keeps its unit."""
        if how == "none" or y.ndim == 1 or not y.size:
            return cls.identity()
        with np.errstate(over="ignore", invalid="ignore"):
            shift = y.mean(axis=0, dtype=np.float64)
            centred = np.square(y - shift)
            units = np.array([np.sqrt(centred[:, k].mean()) for k in range(y.shape[1])])
        if not np.isfinite(units).all():
            raise DataError("data: the range of a target is too large to scale")
        return cls(shift, np.where(units == 0, 1.0, units))

    def __eq__(self, other: object) -> bool:
        """Return whether another map has the same shift and units."""
        if not isinstance(other, TargetScaler):
            return NotImplemented
        return np.array_equal(self.shift, other.shift) and np.array_equal(self.units, other.units)

    def __hash__(self) -> int:
        return hash((self.shift.tobytes(), self.units.tobytes()))

    @property
    def unit(self) -> float:
        """The unit of scaled targets if all have the same one, else 1: figures are then in standard deviations."""
        return float(self.units[0]) if (self.units == self.units[0]).all() else 1.0

    def apply(self, y: Array, dtype: DType) -> Array:
        """Return the targets to train on, class indices (n,) unchanged; DataError when too large for ``dtype``."""
        if y.ndim == 1:
            return np.ascontiguousarray(y)
        with np.errstate(over="ignore"):
            targets = np.ascontiguousarray(((y - self.shift) / self.units) if self.scales else y, dtype)
        if not np.isfinite(targets).all():
            raise DataError(f"data: a target is too large for {dtype}")
        return targets

    def undo(self, values: Array) -> Array:
        """Return scaled predictions, or targets, in the units of the data."""
        return values * self.units + self.shift if self.scales else values

    @property
    def scales(self) -> bool:
        """Whether the map changes anything."""
        return bool((self.units != 1.0).any() or self.shift.any())

    def tensors(self) -> dict[str, Array]:
        """Return the arrays to save in a checkpoint, if there are any."""
        return {SHIFT: self.shift, UNIT: self.units} if self.scales else {}

    @classmethod
    def restore(cls, tensors: Mapping[str, Array]) -> "TargetScaler":
        """Return the map of a checkpoint; CheckpointError when its two arrays are not valid."""
        if SHIFT not in tensors and UNIT not in tensors:
            return cls.identity()
        shift, units = (np.asarray(tensors.get(name, ()), np.float64) for name in (SHIFT, UNIT))
        finite = np.isfinite(shift).all() and np.isfinite(units).all()
        fits = units.shape in (shift.shape, (1,))  # older checkpoints have one unit for all targets
        if shift.ndim != 1 or not shift.size or not fits or not finite or units.min() <= 0:
            raise CheckpointError(f"checkpoint: '{SHIFT}' {shift.shape} and '{UNIT}' {units.shape} make no scale")
        return cls(shift, units)


def check_size(y: Array) -> None:
    """Raise DataError for targets whose summed squares overflow float32."""
    largest = float(abs(y).max(initial=0.0))
    if largest > SQUARED:
        advice = "set data.target_scale to standard, or train.dtype to float64"
        raise DataError(f"data: targets of up to {largest:.1e} are too large for float32; {advice}")
