"""Tables by column: what each holds, numbers or text, and how many of its values are missing.

Knows nothing of how a table is stored, or of targets, tasks or splits.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from nntrain.core.types import Array
from nntrain.data.text import choices, quoted
from nntrain.errors import DataError


@dataclass(frozen=True, slots=True)
class Kinds:
    """Positions of columns whose kind is not to be found out: ``text``, ``number``.

    A column in ``strict`` is text as soon as one of its values is no number. What is in ``moments`` is strict, and may
    hold dates or times.
    """

    text: Collection[int] = ()
    number: Collection[int] = ()
    strict: Collection[int] = ()
    moments: Collection[int] = ()


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
    written: tuple[str, ...] = ()  # how what is missing among texts is spelled

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

    @property
    def left_out(self) -> Mapping[int, str]:
        """Columns that are no features unless a spec names them, by position, with the reason."""
        ...

    @property
    def unusable(self) -> Mapping[int, str]:
        """Columns that hold neither numbers nor texts, by position, with what they hold."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Lines worth telling the user; all of them once columns were read."""
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
        counted = [p for p in range(width) if p not in table.left_out]  # -1 is the last that may be a target
        if -len(counted) <= column < width:
            return column if column >= 0 else counted[column]
        if names.count(str(column)) == 1:
            return names.index(str(column))
        known = choices(str(column), names) if names else ""
        raise DataError(f"{path}: no column {column}, there are {width} (0 to {width - 1}){known}")
    if not names:
        raise DataError(f"{path}: has no header line, so no column '{column}'; give its position (0 first)")
    if names.count(column) > 1:
        raise DataError(f"{path}:1: {names.count(column)} columns are named {quoted(column)}")
    if column not in names:
        raise DataError(f"{path}:1: no column '{column}'{choices(column, names)}")
    return names.index(column)


def named(table: Table, position: int) -> str:
    """Return a column by name, or by position, for a message."""
    name = table.names[position] if table.names else ""
    return f"column {quoted(name)}" if name else f"column {position}"


def refuse_unusable(table: Table, positions: Collection[int]) -> None:
    """Raise the DataError that names all of these columns that hold neither numbers nor texts."""
    found = [position for position in sorted(positions) if position in table.unusable]
    if found:
        what = ", ".join(f"{quoted(table.names[p])} ({table.unusable[p]})" for p in found)
        keys = ", ".join(quoted(table.names[p])[1:-1] for p in found)
        columns = f"column {what} holds" if len(found) == 1 else f"columns {what} hold"
        raise DataError(f"{table.path}: {columns} no numbers or texts; set data.source.ignore: [{keys}]")
