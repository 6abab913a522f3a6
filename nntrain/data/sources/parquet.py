"""Parquet files as data, with pyarrow.

Knows nothing of splits or scaling.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.files import file_size
from nntrain.data.formats.gaps import is_missing, is_number
from nntrain.data.sources.base import SOURCES, Reader, enter
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.columns import FOUND_OUT, Column, Kinds, Table
from nntrain.data.text import quoted
from nntrain.errors import DataError, MissingExtraError


@contextmanager
def _report_damage(what: str) -> Iterator[None]:
    """Turn every way in which a file can be broken into one line."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, ValueError, OSError, LookupError, MemoryError) as error:
        raise DataError(f"{what}: {str(error).partition(chr(10))[0] or type(error).__name__}") from None


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet(TableSource):
    """A table of numbers, booleans and texts in a parquet file; columns have the roles and options of csv.

    Needs the extra ``arrow``: pip install 'nntrain[arrow]'.
    """

    kind: Literal["parquet"] = "parquet"
    formula: ClassVar[str] = "y = the target column, X = the others"

    def open(self, path: Path, like: Table | None) -> Table:
        """Return the table; DataError for other columns than those of ``like``."""
        table = ParquetTable(path)
        if like is not None and table.names != like.names:
            raise DataError(f"{path}: other columns than {like.path}")
        return table


@dataclass(frozen=True)
class ParquetTable:
    """A table in a parquet file. DataError when it is none, MissingExtraError without pyarrow."""

    path: Path

    @cached_property
    def _file(self) -> Any:
        try:
            from pyarrow import parquet
        except ImportError:
            raise MissingExtraError("parquet files need pyarrow: pip install 'nntrain[arrow]'") from None
        file_size(self.path)
        with _report_damage(f"{self.path}: is not a parquet file"):
            return parquet.ParquetFile(self.path)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._file.schema_arrow.names)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def left_out(self) -> Mapping[int, str]:
        """Columns that pandas keeps as its index, as the metadata of the file say."""
        kept = (self._file.schema_arrow.pandas_metadata or {}).get("index_columns", ())
        return {p: "it is the index that pandas kept" for p, name in enumerate(self.names) if name in kept}

    @property
    def notes(self) -> Sequence[str]:
        """Nothing is guessed of a file that says what it holds."""
        return ()

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions, or all, in order of position."""
        positions = range(self.width) if kept is None else sorted(kept)
        return tuple(self._column(position, kinds) for position in positions)

    def blocks(self, kept: Collection[int], kinds: Kinds) -> Iterator[tuple[Column, ...]]:
        """Yield some rows at a time of columns whose kinds are all told."""
        yield self.columns(kept, kinds)

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return ``file: row 17, column 'x'``, the row counted from 1, and the value."""
        value = self._read(position)[row].as_py()
        return f"{self.path}: row {row + 1}, column {quoted(self.names[position])}", "" if value is None else str(value)

    def _read(self, position: int) -> Any:
        if self.names.count(self.names[position]) > 1:
            raise DataError(f"{self.path}: 2 columns are named {quoted(self.names[position])}")
        with _report_damage(f"{self.path}: damaged parquet file"):
            return self._file.read(columns=[self.names[position]]).column(0).combine_chunks()

    def _column(self, position: int, kinds: Kinds) -> Column:
        from pyarrow import types

        values, name = self._read(position), self.names[position]
        kind = values.type
        if types.is_dictionary(kind):
            values = values.dictionary_decode()
            kind = values.type
        numeric = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
        if not numeric and not (types.is_string(kind) or types.is_large_string(kind)):
            raise DataError(f"{self.path}: column {quoted(name)} holds {kind}, not numbers or text; ignore it")
        if numeric and position not in kinds.text:
            return self._numbers(position, values.cast("double", safe=False).to_numpy(zero_copy_only=False))
        if position in kinds.number:
            return self._numbers(position, self._parse(position, values.to_pylist()))
        return self._texts(position, values.cast("string").dictionary_encode())

    def _numbers(self, position: int, values: Array) -> Column:
        if np.isinf(values).any():
            place, value = self.locate(int(np.isinf(values).argmax()), position)
            raise DataError(f"{place}: {quoted(value)} is not a finite number")
        return Column(self.names[position], position, "number", values, (), int(np.isnan(values).sum()))

    def _texts(self, position: int, encoded: Any) -> Column:
        words = encoded.dictionary.to_pylist()
        left = sorted(word for word in words if not is_missing(word.strip(), among_numbers=False))
        place = {word: index for index, word in enumerate(left)}
        table = np.array([*(place.get(word, -1) for word in words), -1], np.int64)
        codes = table[encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)]
        return Column(self.names[position], position, "text", codes, tuple(left), int((codes < 0).sum()))

    def _parse(self, position: int, words: list[str | None]) -> Array:
        """Return texts as the numbers that they are to be; DataError at the first that is none."""
        for row, word in enumerate(words):
            if word is not None and not is_number(word) and not is_missing(word, among_numbers=True):
                raise DataError(f"{self.locate(row, position)[0]}: {quoted(word)} is not a number")
        return np.array([float(word) if word is not None and is_number(word) else np.nan for word in words])


enter(
    Reader(
        "parquet",
        "a parquet file",
        ParquetTable,
        suffixes=(".parquet", ".pq"),
        recognises=lambda head: head[:4] == b"PAR1",
    )
)
