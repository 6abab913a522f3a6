"""A table that a program holds in memory: a mapping from names to columns, such as a DataFrame, or rows of objects.

Its values are read as those of a file would be: what is missing, which texts are numbers. Knows nothing of models.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.column_parser import Numbers, Texts
from nntrain.data.formats.gaps import Gaps, Words, gaps_of_columns
from nntrain.data.formats.styles import PLAIN, hint
from nntrain.data.tables.columns import FOUND_OUT, Column, Kinds
from nntrain.data.tables.definite_table import DefiniteTable
from nntrain.data.text import quoted
from nntrain.errors import DataError

HERE = Path("X")  # how messages call it


@dataclass(frozen=True, eq=False)
class HeldTable(DefiniteTable):
    """Columns ``values`` of arrays (n,) by position; ``names`` is () where they have none."""

    names: tuple[str, ...]
    values: tuple[Array, ...]
    gaps: tuple[Gaps, ...]

    @classmethod
    def of(cls, X: Any, words: Words | Mapping[str, Words] | None = None) -> "HeldTable | None":
        """Return X as a table; None for an array of numbers without names. DataError for columns that do not fit."""
        names, columns = _columns_of(X)
        if names is None:
            rows = np.asarray(X)
            if rows.dtype.kind not in "OUS":
                return None
            if rows.ndim != 2:
                raise DataError(f"X: rows and columns are expected, got shape {rows.shape}")
            names, columns = (), list(rows.T)
        for name, column in zip(names, columns, strict=False):
            if column.ndim != 1 or len(column) != len(columns[0]):
                raise DataError(f"X: column {quoted(name)} has shape {column.shape}, the first {columns[0].shape}")
        if not columns:
            raise DataError("X: has no columns")
        return cls(names, tuple(columns), gaps_of_columns(words, names, len(columns), str(HERE)))

    @classmethod
    def of_array(cls, X: Array) -> "HeldTable":
        """Return the columns of numbers X (n, k) as a table without names."""
        return cls((), tuple(X.T), gaps_of_columns(None, (), X.shape[1], str(HERE)))

    @property
    def path(self) -> Path:
        """How messages call it."""
        return HERE

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.values)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.values[0])

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions, or all, in order of position: numbers unless told to be text."""
        positions = range(self.width) if kept is None else sorted(kept)
        return tuple(self._column(position, as_text=position in kinds.text) for position in positions)

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return ``X: row 3, column 'age'`` of a value, and the value."""
        name = quoted(self.names[position]) if self.names else str(position)
        return f"X: row {row}, column {name}", _field(self.values[position][row])

    def _column(self, position: int, *, as_text: bool) -> Column:
        name, values = self.names[position] if self.names else "", self.values[position]
        if values.dtype.kind not in "biufOUS":
            where = self.locate(0, position)[0].partition("row 0, ")[2]
            raise DataError(f"X: {where} holds {values.dtype}, the model takes numbers and texts")
        if values.dtype.kind in "biuf" and not as_text and not self.gaps[position].numbers:
            numbers = values.astype(np.float64)
            self._refuse_infinite(numbers, position)
            return Column(name, position, "number", numbers, (), int(np.isnan(numbers).sum()))
        fields = [_field(value) for value in values.tolist()]
        parser: Numbers | Texts = Texts(PLAIN, self.gaps[position]) if as_text else Numbers(PLAIN, self.gaps[position])
        parser.add(fields)
        contents = parser.finish(as_text=as_text)
        if parser.odd:
            self._refuse_odd(fields, position)
        return Column(name, position, *contents)

    def _refuse_infinite(self, numbers: Array, position: int) -> None:
        infinite = np.isinf(numbers)
        if infinite.any():
            place, value = self.locate(int(infinite.argmax()), position)
            raise DataError(f"{place}: is not a finite number, got {value}")

    def _refuse_odd(self, fields: Sequence[str], position: int) -> None:
        """Raise DataError for the first value that is no finite number."""
        for row, field in enumerate(fields):
            number = PLAIN.number(field)
            missing = self.gaps[position].missing(field, among_numbers=True)
            if not missing and (number is None or not np.isfinite(number)):
                raise DataError(
                    f"{self.locate(row, position)[0]}: the model takes numbers, got {quoted(field)}{hint(field)}"
                )


def _columns_of(X: Any) -> tuple[tuple[str, ...] | None, list[Array]]:
    """Return the names and columns of a mapping, a DataFrame or a structured array; None for the names of another."""
    if isinstance(X, Mapping):
        return tuple(map(str, X)), [np.asarray(column) for column in X.values()]
    if isinstance(X, np.ndarray):
        names = X.dtype.names
        return (None, []) if names is None else (names, [X[name] for name in names])
    labels = getattr(X, "columns", None)
    if labels is None or not hasattr(X, "__getitem__"):
        return None, []
    names = [str(label) for label in labels]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise DataError(f"X: {names.count(repeated)} columns are named {quoted(repeated)}")
    return tuple(names), [np.asarray(X[label]) for label in labels]


def _field(value: Any) -> str:
    """Return a value as csv would have it; "" for None and for what no value equals, such as NaN."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
