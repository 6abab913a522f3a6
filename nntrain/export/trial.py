"""The trial of an export: the same rows through nntrain and through the other program, and how far they differ.

Knows nothing of how a model is exported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.data.given_inputs import GivenInputs
from nntrain.errors import FindingError
from nntrain.export.portable import Portable
from nntrain.runs.evaluation import Predictions, predict_rows
from nntrain.runs.trained import Trained

ROWS = 200
NEAR = {"float32": 2e-5, "float64": 1e-10}  # of values up to 1, and relative to larger ones


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a program says of rows: values (n, c), and the class names (n,) where classes are decided."""

    values: Array
    labels: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Rows by column as they would stand in a file, and what nntrain says of them."""

    rows: Mapping[str, Array]
    expected: Predictions

    @classmethod
    def of(cls, model: Trained, plain: Portable) -> "Trial":
        """Draw rows such as the model was trained on: numbers around the training mean, texts known and unknown."""
        rng, rows = generator(0, Stream.PROBE, ROWS), dict[str, Array]()
        width = max(1, len(plain.shift))
        at = 0
        for name, texts in plain.columns.items():
            if texts:
                rows[name] = np.array([*texts, "not known"])[rng.integers(0, len(texts) + 1, ROWS)]
                at += len(texts)
            else:
                k = at if width > 1 else 0
                rows[name] = plain.shift[k] + rng.normal(size=ROWS) / plain.scale[k]
                at += 1
        given = GivenInputs(model.wanted, getattr(model.assembly.spec.data.source, "words", None))
        X: Any = rows if model.wanted.columns or plain.encodes else np.column_stack(list(rows.values()))
        return cls(rows, predict_rows(model, given.read(X)))

    def compare(self, found: Answers, plain: Portable, what: str) -> float:
        """Return the largest difference of the values. FindingError where they, or the classes, disagree."""
        expected, tolerance = self.expected.values, NEAR[plain.dtype]
        if found.values.shape != expected.shape:
            raise FindingError(f"{what}: gives {found.values.shape[1]} values a row, nntrain {expected.shape[1]}")
        difference = np.abs(found.values - expected)
        if not (difference <= tolerance * np.maximum(1, np.abs(expected))).all():
            worst = float(np.nanmax(difference)) if not np.isnan(difference).all() else np.nan
            raise FindingError(f"{what}: differs from nntrain by {worst:.1e} in {ROWS} rows; nothing was written")
        if found.labels is not None:
            wrong = np.flatnonzero(found.labels.astype(str) != np.array(self.expected.labels))
            ordered = np.sort(expected, axis=1)
            clear = ordered[:, -1] - ordered[:, -2] > 2 * tolerance if expected.shape[1] > 1 else np.ones(ROWS, bool)
            if clear[wrong].any():
                raise FindingError(f"{what}: decides for other classes than nntrain; nothing was written")
        return float(difference.max())
