"""Rows of texts and numbers written some at a time: as CSV, JSON lines, a parquet table or an npy array.

Floats have as many digits as their type needs to come back: nine for float32. Knows nothing of what the columns mean.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any, TypeAlias

import numpy as np

from nntrain.artifacts.csv_text import csv_text
from nntrain.core.types import Array
from nntrain.errors import MissingExtraError


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A column of few different texts: ``codes`` (n,) are indices into ``names``."""

    names: Sequence[str]
    codes: Array

    def __len__(self) -> int:
        return len(self.codes)


Column: TypeAlias = Labels | Sequence[str] | Array  # few texts, any texts, or numbers (n,)
Rows: TypeAlias = Mapping[str, Column]


class TextRows(ABC):
    """Rows as text: ``head`` comes first, ``lines`` makes the text of some rows."""

    @abstractmethod
    def head(self, rows: Rows) -> str:
        """Return what stands above the rows."""

    @abstractmethod
    def lines(self, rows: Rows) -> str:
        """Return the text of rows, one line each."""


@dataclass(frozen=True, slots=True)
class CsvRows(TextRows):
    """CSV with a header; with ``guard`` no cell is a formula to a spreadsheet."""

    guard: bool = False

    def head(self, rows: Rows) -> str:
        return csv_text(list(rows), (), guard=self.guard)

    def lines(self, rows: Rows) -> str:
        parts = [_as_texts(column, self._cell) for column in rows.values()]
        if len(parts) == 1 and parts[0][0] == "%s":
            parts = [("%s", [text or '""' for text in parts[0][1]])]  # or the line would be blank
        return _lines(",".join(form for form, _ in parts) + "\n", [values for _, values in parts])

    def _cell(self, text: str) -> str:
        return csv_text(None, [[text, ""]], guard=self.guard)[:-2]  # without the comma and the end of the line


@dataclass(frozen=True, slots=True)
class JsonRows(TextRows):
    """One JSON object a line; numbers that are not finite are null."""

    def head(self, rows: Rows) -> str:
        return ""

    def lines(self, rows: Rows) -> str:
        parts = [_as_texts(column, _json) for column in rows.values()]
        for k, column in enumerate(rows.values()):
            if isinstance(column, np.ndarray) and not np.isfinite(column).all():
                form, values = parts[k]
                known = np.isfinite(column).tolist()
                parts[k] = "%s", [form % value if ok else "null" for value, ok in zip(values, known, strict=True)]
        keys = [_json(name).replace("%", "%%") for name in rows]
        fields = ", ".join(f"{key}: {form}" for key, (form, _) in zip(keys, parts, strict=True))
        return _lines(f"{{{fields}}}\n", [values for _, values in parts])


class ParquetRows:
    """A parquet table, one row group for each call of ``add``. MissingExtraError without pyarrow."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise MissingExtraError("parquet files need pyarrow: pip install 'nntrain[arrow]'") from None
        self._pa, self._parquet, self._file = pa, parquet, file
        self._writer: Any = None

    def add(self, rows: Rows) -> None:
        """Write some rows."""
        arrays = {name: self._array(column) for name, column in rows.items()}
        table = self._pa.table(arrays)
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table)

    def end(self) -> None:
        """Write what stands below the rows."""
        if self._writer is not None:
            self._writer.close()

    def _array(self, column: Column) -> Any:
        if isinstance(column, Labels):
            names = self._pa.array(list(column.names), self._pa.string())
            return self._pa.DictionaryArray.from_arrays(column.codes.astype(np.int32), names)
        return self._pa.array(column if isinstance(column, np.ndarray) else list(column))


class NpyRows:
    """An npy array: numbers side by side (n, c), or the texts of a single column (n,). The header is written last."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._rows = file, 0
        self._dtype: np.dtype[Any] | None = None
        self._shape: tuple[int, ...] = ()

    def add(self, rows: Rows) -> None:
        """Write some rows; columns of numbers all have one type."""
        (*others, last) = rows.values()
        if isinstance(last, Labels):
            block = np.array(last.names, np.str_)[last.codes]
        else:
            block = np.ascontiguousarray(np.stack([np.asarray(column) for column in (*others, last)], axis=1))
        if self._dtype is None:
            self._dtype, self._shape = block.dtype, block.shape[1:]
            self._write_header()
        self._rows += len(block)
        self._file.write(block.tobytes())

    def end(self) -> None:
        """Write how many rows there are."""
        if self._dtype is not None:
            self._file.seek(0)
            self._write_header()

    def _write_header(self) -> None:
        assert self._dtype is not None
        described = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._rows, *self._shape),
        }
        np.lib.format.write_array_header_1_0(self._file, described)  # it leaves room for a first axis of any length


def number_form(dtype: np.dtype[Any]) -> str:
    """Return the format that gives numbers of a type all digits that they need, and no more than nine of float32."""
    if dtype.kind in "biu":
        return "%d"
    return "%.9g" if dtype.itemsize <= 4 else "%r"


def _as_texts(column: Column, cell: Any) -> tuple[str, Sequence[Any]]:
    """Return a format for the values of a column, and the values."""
    if isinstance(column, Labels):
        names = np.array([cell(name) for name in column.names], object)
        return "%s", names[column.codes].tolist()
    if isinstance(column, np.ndarray):
        return number_form(column.dtype), column.tolist()
    return "%s", [cell(text) for text in column]


def _lines(form: str, columns: Sequence[Sequence[Any]]) -> str:
    if len(columns) == 1 and form == "%s\n":
        return "\n".join(columns[0]) + "\n" if columns[0] else ""
    return form * len(columns[0]) % tuple(chain.from_iterable(zip(*columns, strict=True)))


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
