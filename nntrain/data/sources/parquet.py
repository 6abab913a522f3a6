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
from nntrain.data.formats.column_parser import Texts
from nntrain.data.formats.files import expansion_limit, file_size
from nntrain.data.formats.gaps import Gaps, Words, gaps_of_columns
from nntrain.data.formats.layout import fault_of
from nntrain.data.formats.styles import PLAIN
from nntrain.data.sources.base import SOURCES, Reader, enter
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.columns import FOUND_OUT, Column, Kinds, Table, refuse_unusable
from nntrain.data.tables.definite_table import DefiniteTable
from nntrain.data.text import quoted
from nntrain.errors import DataError, MissingExtraError

BATCH = 1 << 16  # rows from which on a row group is read by itself
MOMENTS = ("dates", "times")  # what such columns hold; as texts they are as in 2021-03-04 05:06:07
FREE = 1 << 30  # bytes of numbers that are never suspicious; columns of few values pack to nearly nothing


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

    The index that pandas keeps in a file is left out unless it is named. Needs the extra ``arrow``: pip install
    'nntrain[arrow]'.
    """

    kind: Literal["parquet"] = "parquet"
    formula: ClassVar[str] = "y = the target column, X = the others"

    def open(self, path: Path, like: Table | None) -> Table:
        """Return the table; DataError for other columns than those of ``like``."""
        table = ParquetTable(path, self.words)
        if like is not None and table.names != like.names:
            raise DataError(f"{path}: other columns than {like.path}")
        return table


@dataclass(frozen=True)
class ParquetTable(DefiniteTable):
    """A table in a parquet file, read one row group at a time. DataError when it is none.

    ``na`` are the texts that stand for a missing value. MissingExtraError without pyarrow.
    """

    path: Path
    na: Words | Mapping[str, Words] | None = None

    @cached_property
    def _file(self) -> Any:
        try:
            from pyarrow import parquet
        except ImportError:
            raise MissingExtraError("parquet files need pyarrow: pip install 'nntrain[arrow]'") from None
        file_size(self.path)
        with _report_damage(f"{self.path}: is not a parquet file"):
            return parquet.ParquetFile(self.path, pre_buffer=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._file.schema_arrow.names)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    @cached_property
    def left_out(self) -> Mapping[int, str]:
        """Columns that pandas keeps as its index."""
        with _report_damage(f"{self.path}: damaged parquet file"):
            kept = (self._file.schema_arrow.pandas_metadata or {}).get("index_columns", ())
            index = {name for name in kept if isinstance(name, str)}
        return {p: "it is the index that pandas kept" for p, name in enumerate(self.names) if name in index}

    @cached_property
    def unusable(self) -> Mapping[int, str]:
        """Columns of dates, times, lists and the like."""
        kinds = [field.type for field in self._file.schema_arrow]
        return {p: what for p, kind in enumerate(kinds) if (what := _what_is_odd(kind))}

    @cached_property
    def gaps(self) -> tuple[Gaps, ...]:
        """What stands for a missing value in each column."""
        return gaps_of_columns(self.na, self.names, self.width, str(self.path))

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions, or all, in order of position."""
        positions = range(self.width) if kept is None else sorted(kept)
        self._check(positions, kinds.text, kinds.moments)
        return tuple(self._column(position, kinds, self._batches) for position in positions)

    def blocks(self, kept: Collection[int], kinds: Kinds) -> Iterator[tuple[Column, ...]]:
        """Yield some row groups at a time of columns whose kinds are all told."""
        self._check(kept)
        for batch in self._batches:
            yield tuple(self._column(position, kinds, (batch,)) for position in sorted(kept))

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return ``file: row 17, column 'x'``, the row counted from 1, and the value."""
        before = 0
        for batch in self._batches:
            values = self._read(position, batch)
            if row < before + len(values):
                break
            before += len(values)
        value = values[row - before].as_py()
        return f"{self.path}: row {row + 1}, column {quoted(self.names[position])}", "" if value is None else str(value)

    @cached_property
    def _batches(self) -> Sequence[Sequence[int]]:
        """Row groups that are read together: one that is large, or several small ones."""
        batches: list[list[int]] = []
        rows = BATCH
        for group in range(self._file.num_row_groups):
            count = self._file.metadata.row_group(group).num_rows
            if rows + count > BATCH:
                batches.append([])
                rows = 0
            batches[-1].append(group)
            rows += count
        return batches

    def _check(self, positions: Collection[int], *as_texts: Collection[int]) -> None:
        """Refuse columns that cannot be read, names that are not clear, and more numbers than the file can mean.

        Dates and times can be read where they may be texts.
        """
        texts = {p for some in as_texts for p in some if self.unusable.get(p) in MOMENTS}
        refuse_unusable(self, set(positions) - texts)
        for position in positions:
            if self.names.count(self.names[position]) > 1:
                raise DataError(f"{self.path}: 2 columns are named {quoted(self.names[position])}")
        size, rows = file_size(self.path), self._file.metadata.num_rows
        if rows * len(positions) * 8 > max(FREE, expansion_limit(size)):
            count = f"{rows:,} rows of {len(positions)} columns"
            raise DataError(f"{self.path}: unpacks from {size:,} bytes to {count}; store it with less compression")

    def _read(self, position: int, groups: Sequence[int]) -> Any:
        """Return the values of a column in some row groups, dictionaries and decimals as what they stand for."""
        from pyarrow import types

        with _report_damage(f"{self.path}: damaged parquet file"):
            table = self._file.read_row_groups(groups, columns=[self.names[position]])
            values = table.column(0).combine_chunks()
            if types.is_dictionary(values.type):
                values = values.dictionary_decode()
            return values.cast("double") if types.is_decimal(values.type) else values

    def _column(self, position: int, kinds: Kinds, batches: Sequence[Sequence[int]]) -> Column:
        kind = _plain_type(self._file.schema_arrow.field(position).type)
        if _is_numeric(kind) and position not in kinds.text:
            pieces = [self._cast(position, batch) for batch in batches]
            return self._numbers(position, np.concatenate(pieces) if pieces else np.empty(0))
        texts = Texts(PLAIN, self.gaps[position])
        texts.take(np.empty(0, np.int64), [])
        for batch in batches:
            encoded = self._read(position, batch).cast("string").dictionary_encode()
            words = [word.strip() for word in encoded.dictionary.to_pylist()]
            codes = encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
            texts.take(codes, [*words, ""])
        if position in kinds.number:
            return self._numbers(position, self._parse(position, texts))
        return Column(self.names[position], position, *texts.finish(as_text=True))

    def _cast(self, position: int, groups: Sequence[int]) -> Array:
        values: Array = self._read(position, groups).cast("double", safe=False).to_numpy(zero_copy_only=False)
        numbers = self.gaps[position].numbers
        return np.where(np.isin(values, numbers), np.nan, values) if numbers else values

    def _numbers(self, position: int, values: Array) -> Column:
        if np.isinf(values).any():
            place, value = self.locate(int(np.isinf(values).argmax()), position)
            raise DataError(f"{place}: {quoted(value)} is not a finite number")
        return Column(self.names[position], position, "number", values, (), int(np.isnan(values).sum()))

    def _parse(self, position: int, texts: Texts) -> Array:
        """Return texts as the numbers that they are to be; DataError at the first that is none."""
        gaps, codes = self.gaps[position], np.concatenate(texts.blocks)
        missing = [gaps.missing(word, among_numbers=True) for word in texts.codes]
        faults = [not gap and bool(fault_of(word, PLAIN)) for word, gap in zip(texts.codes, missing, strict=True)]
        wrong = np.array(faults, bool)[codes]
        if wrong.any():
            place, value = self.locate(int(wrong.argmax()), position)
            raise DataError(f"{place}: {fault_of(value.strip(), PLAIN)}")
        numbers = [np.nan if gap else float(word) for word, gap in zip(texts.codes, missing, strict=True)]
        return np.asarray(np.array(numbers, np.float64)[codes])


def _plain_type(kind: Any) -> Any:
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind


def _is_numeric(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind))


def _what_is_odd(kind: Any) -> str:
    """Return what a column of this type holds if that is neither numbers nor texts, else nothing."""
    from pyarrow import types

    kind = _plain_type(kind)
    if _is_numeric(kind) or types.is_string(kind) or types.is_large_string(kind):
        return ""
    if types.is_date(kind):
        return MOMENTS[0]
    if types.is_temporal(kind):
        return MOMENTS[1]
    return "no value in any row" if types.is_null(kind) else str(kind)


enter(
    Reader(
        "parquet",
        "a parquet file",
        ParquetTable,
        suffixes=(".parquet", ".pq"),
        recognises=lambda head: head[:4] == b"PAR1",
    )
)
