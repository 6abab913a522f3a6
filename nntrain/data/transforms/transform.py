"""Encoder and scaler together: from the inputs of a source to those of a network. Fitted once, saved with the model.

Knows nothing of sources, splits or files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.core.memory import name_memory
from nntrain.core.types import Array, DType
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.lazy_inputs import Inputs, scale_inputs
from nntrain.data.transforms.scaler import Scale, Scaler

ROWS = 1024  # rows encoded at a time


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """An encoder, and a scaler for the features that are numbers; one-hot features stay 0 and 1."""

    encoder: Encoder
    scaler: Scaler

    @classmethod
    def fit(cls, X: Inputs, how: Scale, encoder: Encoder) -> "Transform":
        """Measure training rows X (n, k) with an encoder that was fitted on them."""
        if not encoder:
            return cls(encoder, Scaler.fit(X, how))
        numbers = [k for k, known in enumerate(encoder.categories) if not known]
        shift, scale = np.zeros(encoder.n_features), np.ones(encoder.n_features)
        if numbers:
            columns = X[:][:, numbers]
            fitted = Scaler.fit(np.where(np.isnan(columns), encoder.fill[numbers], columns), how)
            shift[encoder.is_number], scale[encoder.is_number] = fitted.shift, fitted.scale
        return cls(encoder, Scaler(shift, scale))

    def apply(self, X: Inputs, texts: Sequence[Sequence[str]], dtype: DType) -> Inputs:
        """Return the network's inputs (n, d); DataError for numbers too large for ``dtype``."""
        if not self.encoder:
            return scale_inputs(X, self.scaler, dtype)
        with name_memory(self.encoder.describe_size(len(X))):
            out = np.empty((len(X), self.encoder.n_features), dtype)
        for start in range(0, len(X), ROWS):
            rows = slice(start, start + ROWS)
            out[rows] = self.scaler.apply(self.encoder.apply(X[rows], texts), dtype)
        return out

    def undo(self, values: Array) -> Array:
        """Return scaled features (n, d) in the units of the data; texts stay one-hot."""
        return self.scaler.undo(values)

    @property
    def n_columns(self) -> int | None:
        """Number of columns that it takes; None without an encoder, when inputs are features already."""
        return len(self.encoder.categories) or None

    def tensors(self) -> dict[str, Array]:
        """Return the arrays to save in a checkpoint."""
        return self.scaler.tensors() | self.encoder.tensors()

    def facts(self) -> dict[str, Any] | None:
        """Return what else to save in it, as JSON values."""
        return self.encoder.facts()

    @classmethod
    def restore(cls, tensors: Mapping[str, Array], facts: Mapping[str, Any] | None) -> "Transform":
        """Return the transform of a checkpoint; CheckpointError when something is missing or does not fit."""
        return cls(Encoder.restore(tensors, facts), Scaler.from_tensors(tensors))
