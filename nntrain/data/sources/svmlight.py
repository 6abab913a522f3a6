"""Files of svmlight and LIBSVM as data: a label, then ``index:value`` for what is not 0.

Knows nothing of splits or scaling.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np

from nntrain.core.fields import Count
from nntrain.core.types import Array
from nntrain.data.formats.delimited import open_decoded
from nntrain.data.formats.files import expansion_limit, file_size
from nntrain.data.formats.gaps import is_number
from nntrain.data.sources.base import SOURCES, Reader, enter
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.columns import FOUND_OUT, Column, Kinds, Table
from nntrain.data.tables.definite_table import DefiniteTable
from nntrain.data.tables.row_columns import ColumnName
from nntrain.data.tables.used_rows import Roles
from nntrain.data.text import quoted
from nntrain.errors import DataError

LABEL = "label"
MOST_DIGITS = 18  # of an index: more do not fit into 64 bits
FREE = 1 << 30  # bytes of numbers that are never suspicious
ROW = re.compile(rb"\s*[+-]?[\d.]+(?:[eE][+-]?\d+)?(?:\s+qid:\d+)?((?:\s+\d+:[-+.\deE]+)*)\s*(?:#.*)?")


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Svmlight(TableSource):
    """A sparse table as svmlight and LIBSVM write it (.gz too): the column ``label``, then one for each index.

    Indices are the names of the columns, from 1, or from 0 where that occurs, to the largest, or for ``features``
    columns; a value that is not written is 0. All columns are held in memory. Options are those of csv.
    """

    kind: Literal["svmlight"] = "svmlight"
    features: Count | None = None
    formula: ClassVar[str] = "y = the label, X (n, d) of the values at indices"
    usual_target: ClassVar[ColumnName] = LABEL

    def settle_target(self, *, predicts: bool) -> Self:
        """Return the source with the label for its target if it names none: that is never an input."""
        return super(Svmlight, self).settle_target(predicts=True)

    def open(self, path: Path, like: Table | None) -> Table:
        """Return the table, with the columns of ``like``; DataError for an index that is not among them."""
        if like is not None:
            return SparseTable(path, first=int(like.names[1]), told=like.width - 1)
        return SparseTable(path, told=self.features)

    def open_for(self, path: Path, names: Sequence[str]) -> Table:
        """Return the table with all columns of a model: an index that the file never names is 0 in each row."""
        indices = [int(name) for name in names if name.isdecimal()]
        if self.features is not None or not indices:
            return self.open(path, None)
        first = min(1, *indices)
        return SparseTable(path, first=first, told=max(indices) - first + 1)

    def open_test(self, path: Path, train: Table, roles: Roles) -> tuple[Table, Roles, Sequence[str]]:
        """Return the file to test on with the columns of training: an index that it never names is 0 in each row."""
        return self.open(path, train), replace(roles, split=None, key=None, groups=None, order=None), ()


@dataclass(frozen=True)
class SparseTable(DefiniteTable):
    """A table of labels and of values at indices; ``first`` index and number of columns are found out unless told."""

    path: Path
    first: int | None = None
    told: int | None = None

    @cached_property
    def _parsed(self) -> tuple[Array, Array, Array, Array]:
        """Labels (n,), and the row, index and value of each entry."""
        labels: list[float] = []
        rows: list[int] = []
        indices: list[int] = []
        values: list[float] = []
        with open_decoded(self.path) as lines:
            for number, line in enumerate(lines, 1):
                tokens = line.partition("#")[0].split()
                if not tokens:
                    continue
                labels.append(self._number(tokens[0], number, "label"))
                for token in tokens[1:]:
                    index, mark, value = token.partition(":")
                    if index == "qid":
                        continue
                    if not mark or not index.isdecimal():
                        raise DataError(f"{self.path}:{number}: index:value is expected, got {quoted(token)}")
                    rows.append(len(labels) - 1)
                    if len(index) > MOST_DIGITS:
                        raise DataError(
                            f"{self.path}:{number}: no table has so many columns, got index {quoted(index)}"
                        )
                    indices.append(int(index))
                    values.append(self._number(value, number, f"value at {index}"))
        if not labels:
            raise DataError(f"{self.path}: is empty")
        return np.array(labels), np.array(rows, np.int64), np.array(indices, np.int64), np.array(values, np.float64)

    def _number(self, text: str, line: int, what: str) -> float:
        value = float(text) if is_number(text) else np.nan
        if not np.isfinite(value):
            several = "; several labels in a row are not read" if what == LABEL and "," in text else ""
            raise DataError(f"{self.path}:{line}: the {what} is not a finite number, got {quoted(text)}{several}")
        return value

    @cached_property
    def _matrix(self) -> Array:
        """The features (n, d)."""
        labels, rows, indices, values = self._parsed
        start = self._start
        d = self.told or int(indices.max(initial=start)) - start + 1
        outside = (indices >= start + d) | (indices < start)
        if outside.any():
            index = int(indices[outside][0])
            raise DataError(f"{self.path}: index {index} is not among the {d} columns from {start} on")
        if len(labels) * d * 8 > max(FREE, expansion_limit(file_size(self.path))):
            raise DataError(f"{self.path}: {len(labels):,} rows of {d:,} columns are too many to hold as a whole table")
        matrix = np.zeros((d, len(labels)))
        matrix[indices - start, rows] = values
        return matrix.T

    @cached_property
    def _start(self) -> int:
        if self.first is not None:
            return self.first
        return int(not (self._parsed[2] == 0).any())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns: the label, and the indices."""
        return (LABEL, *(str(self._start + k) for k in range(self._matrix.shape[1])))

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self._matrix.shape[1]) + 1

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions, or all, in order of position."""
        return tuple(self._column(p, kinds) for p in (range(self.width) if kept is None else sorted(kept)))

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return ``file: row 17, column 'x'``, the row counted from 1, and the value."""
        value = self._column(position, FOUND_OUT).values[row]
        return f"{self.path}: row {row + 1}, column {quoted(self.names[position])}", repr(float(value))

    def _column(self, position: int, kinds: Kinds) -> Column:
        values = self._matrix[:, position - 1] if position else self._parsed[0]
        if position not in kinds.text:
            return Column(self.names[position], position, "number", values, (), 0)
        distinct, codes = np.unique(values, return_inverse=True)
        spelled = [str(int(value)) if value.is_integer() else repr(value) for value in distinct.tolist()]
        texts = sorted(spelled)
        place = np.array([texts.index(text) for text in spelled], np.int64)
        return Column(self.names[position], position, "text", place[codes], tuple(texts), 0)


def _is_svmlight(head: bytes) -> bool:
    """Return whether all whole lines are a label with ascending indices, one of them with two at least."""
    lines = [line for line in head.splitlines()[:100] if line.strip() and not line.startswith(b"#")]
    lines = lines[:-1] if len(lines) > 1 and not head.endswith(b"\n") else lines
    most = 0
    for line in lines:
        found = ROW.fullmatch(line)
        if found is None:
            return False
        indices = [int(token.partition(b":")[0]) for token in found[1].split()]
        if indices != sorted(set(indices)):
            return False
        most = max(most, len(indices))
    return most > 1


enter(
    Reader(
        "svmlight",
        "a file of svmlight",
        SparseTable,
        packed=True,
        suffixes=(".svm", ".svmlight", ".libsvm"),
        recognises=_is_svmlight,
    )
)
