"""Tables by column: what each holds, numbers or text, and how many of its values are missing.

A column is text when at least half of its values that are there are no numbers; otherwise a value that is no number is
a mistake, reported with its place. Whole numbers, codes with leading zeros too, are numbers; a date is text. Knows
nothing of targets, tasks or splits.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.column_parser import Numbers, Texts
from nntrain.data.formats.delimited import Decimal, Delimiter, Layout, blame, place, rows_below, sniff
from nntrain.data.formats.numbers import read_numbers
from nntrain.data.text import choices, quoted
from nntrain.errors import DataError

BLOCK = 4096  # rows worked on at a time


@dataclass(frozen=True, slots=True)
class Kinds:
    """Positions of columns whose kind is not to be found out: ``text``, ``number``.

    A column in ``strict`` is text as soon as one of its values is no number.
    """

    text: Collection[int] = ()
    number: Collection[int] = ()
    strict: Collection[int] = ()


FOUND_OUT = Kinds()


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a table.

    ``values`` are (n,) float64 with NaN where missing if it holds numbers, or (n,) int64 indices into ``texts`` with -1
    where missing. ``name`` is "" without a header; ``position`` counts from 0.
    """

    name: str
    position: int
    kind: Literal["number", "text"]
    values: Array
    texts: tuple[str, ...]
    missing: int

    @property
    def is_text(self) -> bool:
        """Whether the values are indices into ``texts``."""
        return self.values.dtype.kind == "i"

    @property
    def gaps(self) -> Array:
        """Where values are missing: (n,) bool."""
        return self.values < 0 if self.is_text else np.isnan(self.values)

    def __len__(self) -> int:
        return len(self.values)


class Table(Protocol):
    """A table that can be read by column; ``names`` is () where columns have none."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        ...

    @property
    def width(self) -> int:
        """Number of columns."""
        ...

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions, or all, in order of position."""
        ...

    def blocks(self, kept: Collection[int], kinds: Kinds) -> Iterator[tuple[Column, ...]]:
        """Yield some rows at a time of the columns at these positions, whose kinds are all told."""
        ...

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return the place of a value, for a message, and the value as it stands there; the row counts from 0."""
        ...


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table in a text file."""

    path: Path
    layout: Layout

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        delimiter: Delimiter | None = None,
        header: bool | None = None,
        decimal: Decimal | None = None,
        like: Table | None = None,
    ) -> "TextTable":
        """Find out the layout. DataError for an empty file, and for other columns than those of ``like``."""
        if like is None:
            return cls(path, sniff(path, delimiter, header, decimal))
        layout = sniff(path, delimiter, bool(like.names) if header is None else header, decimal)
        if layout.width != like.width:
            raise DataError(f"{path}: {layout.width} columns, {like.path} has {like.width}")
        if layout.names != like.names:
            raise DataError(f"{path}:1: other column names than {like.path}")
        return cls(path, layout)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, () without a header line."""
        return self.layout.names

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.layout.width

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions; see ``read_columns``."""
        return read_columns(self.path, self.layout, kept, kinds)

    def blocks(self, kept: Collection[int], kinds: Kinds) -> Iterator[tuple[Column, ...]]:
        """Yield some rows at a time of columns whose kinds are all told."""
        for block in _blocks(self.path, self.layout):
            builders = {position: Texts() if position in kinds.text else Numbers() for position in sorted(kept)}
            for position, builder in builders.items():
                builder.add(block[position])
            yield _finish(self.path, self.layout, builders, kinds)

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return ``file:line:column`` of a value, and the value."""
        line, fields = next(islice(rows_below(self.path, self.layout), row, None))
        return place(self.path, self.layout, line, position), fields[position]


def read_columns(
    path: Path, layout: Layout, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT
) -> tuple[Column, ...]:
    """Return the columns of a table, all or those at the positions ``kept``, in order of position.

    DataError with its place for a row that is too short or too long, a slip among numbers, or a number not finite.
    """
    positions = range(layout.width) if kept is None else sorted(kept)
    if not kinds.text and (numbers := read_numbers(path, layout)) is not None:
        names = layout.names or ("",) * layout.width
        gaps = [int(np.count_nonzero(np.isnan(values))) for values in numbers]
        return tuple(Column(names[p], p, "number", numbers[p], (), gaps[p]) for p in positions)
    texts = set(kinds.text) | _likely_texts(path, layout, positions, kinds)
    builders = _read(path, layout, positions, texts)
    late = {p for p, builder in builders.items() if p not in texts and _is_text(p, builder, kinds)}
    if late:
        builders = _read(path, layout, positions, texts | late)
    return _finish(path, layout, builders, kinds)


def _finish(path: Path, layout: Layout, builders: "Mapping[int, Numbers | Texts]", kinds: Kinds) -> tuple[Column, ...]:
    """Return the columns that were built; DataError for a slip among numbers, or a number not finite."""
    columns, faulty = [], []
    for position, builder in builders.items():
        name = layout.names[position] if layout.names else ""
        as_text = position in kinds.text or position in kinds.strict
        columns.append(Column(name, position, *builder.finish(as_text=as_text)))
        if builder.odd:
            faulty.append(position)
    if faulty:
        blame(path, layout, faulty)
    return tuple(columns)


def _likely_texts(path: Path, layout: Layout, positions: Sequence[int], kinds: Kinds) -> set[int]:
    """Return the columns that look like text from the first block of rows."""
    builders = {position: Numbers() for position in positions}
    for block in islice(_blocks(path, layout), 1):
        for position, builder in builders.items():
            builder.add(block[position])
    return {position for position, builder in builders.items() if _is_text(position, builder, kinds)}


def _is_text(position: int, builder: "Numbers | Texts", kinds: Kinds) -> bool:
    if position in kinds.number:
        return False
    return builder.words > 0 and (position in kinds.strict or 2 * builder.words >= builder.present)


def _read(path: Path, layout: Layout, positions: Sequence[int], texts: Collection[int]) -> "dict[int, Numbers | Texts]":
    builders = {position: Texts() if position in texts else Numbers() for position in positions}
    for block in _blocks(path, layout):
        for position, builder in builders.items():
            builder.add(block[position])
    return builders


def _blocks(path: Path, layout: Layout) -> Iterator[Sequence[Sequence[str]]]:
    """Yield the values of many rows at a time, column by column; DataError for a row of another length."""
    rows = rows_below(path, layout)
    while block := list(islice(rows, BLOCK)):
        if any(len(fields) != layout.width for _, fields in block):
            blame(path, layout, ())
        yield list(zip(*(fields for _, fields in block), strict=True))


def side_by_side(columns: Sequence[Column], texts: Sequence[Sequence[str]]) -> Array:
    """Return columns as one array (n, k) float64: texts as indices into these lists, NaN for what is missing."""
    values = [_as_codes(c, known) if c.is_text else c.values for c, known in zip(columns, texts, strict=True)]
    X = np.empty((len(columns[0]), len(columns)))
    for start in range(0, len(X), 1024):  # so few rows that they stay in the cache from one column to the next
        rows = slice(start, start + 1024)
        for k, column in enumerate(values):
            X[rows, k] = column[rows]
    return X


def _as_codes(column: Column, texts: Sequence[str]) -> Array:
    place = {text: index for index, text in enumerate(texts)}
    return np.array([*(place[text] for text in column.texts), np.nan])[column.values]


def position_of(column: str | int, table: Table) -> int:
    """Return the position of a column given by name or position; DataError when there is none such."""
    path, names, width = table.path, table.names, table.width
    if isinstance(column, int):
        if not -width <= column < width:
            raise DataError(f"{path}: no column {column}, there are {width} (0 to {width - 1})")
        return column % width
    if not names:
        raise DataError(f"{path}: has no header line, so no column '{column}'; give its position (0 first)")
    if names.count(column) > 1:
        raise DataError(f"{path}:1: {names.count(column)} columns are named {quoted(column)}")
    if column not in names:
        raise DataError(f"{path}:1: no column '{column}'{choices(column, names)}")
    return names.index(column)
