"""Inputs to predict from that a program holds: an array of features, or a table by column. Knows nothing of files."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.array_checks import inputs
from nntrain.data.formats.gaps import Words
from nntrain.data.tables.columns import side_by_side
from nntrain.data.tables.held_table import HeldTable
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.errors import DataError


class GivenInputs:
    """Reads inputs as a model takes them; ``words`` stand for missing values. ``notes`` are those of the last ones."""

    def __init__(self, wanted: WantedColumns, words: Words | Mapping[str, Words] | None = None) -> None:
        self.wanted, self.words = wanted, words
        self.notes: list[str] = []

    def read(self, X: Any) -> Array:
        """Return the network's inputs (n, d) for an array (n, …) or a table. DataError for what does not fit."""
        self.notes.clear()
        table = HeldTable.of(X, self.words)
        return self._array(np.asarray(X)) if table is None else self._table(table)

    def _array(self, X: Array) -> Array:
        if X.ndim < 2:
            raise DataError(f"X: rows and columns are expected, got shape {X.shape}; one row is X.reshape(1, -1)")
        wanted, transform = self.wanted, self.wanted.transform
        if not len(X):
            return np.empty((0, wanted.n_features), wanted.dtype)
        X = X.reshape(len(X), -1)
        if X.shape[1] != wanted.width:
            hint = "; leave the target column out" if X.shape[1] == wanted.width + 1 else ""
            raise DataError(f"X: {X.shape[1]} features, the model takes {wanted.width}{hint}")
        if any(transform.encoder.categories):
            raise DataError("X: the model takes texts, which an array of numbers has not; give it a table")
        if transform.encoder:  # it fills in what is missing
            return self._table(HeldTable.of_array(X))
        return transform.apply(inputs(X, "X"), (), wanted.dtype)[:]

    def _table(self, table: HeldTable) -> Array:
        wanted, transform = self.wanted, self.wanted.transform
        found = wanted.find(table)
        self.notes += [*found.notes, *wanted.describe_others(found.others, (), "X")]
        if not table.height:
            return np.empty((0, wanted.n_features), wanted.dtype)
        at = {column.position: column for column in table.columns(found.features, wanted.kinds(found.features))}
        columns = [at[position] for position in found.features]
        texts = [column.texts for column in columns]
        X = side_by_side(columns, texts)
        self._refuse_gaps(X, table, found.features)
        encoder = transform.encoder
        self.notes += [f"X: {encoder.describe_unseen(item)}" for item in (encoder.unseen(X, texts) if encoder else ())]
        return transform.apply(X, texts, wanted.dtype)[:]

    def _refuse_gaps(self, X: Array, table: HeldTable, positions: tuple[int, ...]) -> None:
        """Raise DataError at the first missing value that nothing can be filled in for."""
        fill = self.wanted.transform.encoder.fill
        fillable = ~np.isnan(fill) if fill.size else np.zeros(X.shape[1], bool)
        gaps = np.isnan(X) & ~fillable
        if gaps.any():
            row, k = divmod(int(gaps.argmax()), X.shape[1])
            place, _ = table.locate(row, positions[k])
            raise DataError(f"{place}: missing value; the model was not trained with data.source.missing: mean")
