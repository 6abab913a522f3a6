"""A table in a text file, read by column.

A column is text when at least half of its values that are there are no numbers; otherwise a value that is no number is
a mistake, reported with its place. Whole numbers, codes with leading zeros too, are numbers; a date is text. Knows
nothing of targets, tasks or splits.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.column_parser import Numbers, Texts
from nntrain.data.formats.layout import NOTHING, Layout, Told, blame, place, rows_below
from nntrain.data.formats.numbers import number_blocks, read_mixed, read_numbers
from nntrain.data.formats.sniffer import sniff
from nntrain.data.tables.columns import FOUND_OUT, Column, Kinds, Table
from nntrain.errors import DataError

BLOCK = 4096  # rows worked on at a time
FIRST = 1024  # rows that show which columns are likely to hold texts


@dataclass(slots=True)
class TextTable:
    """A table in a text file; ``passed`` has the lines of rows without any value, once columns were read."""

    path: Path
    layout: Layout
    passed: list[int] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, told: Told = NOTHING, like: Table | None = None) -> "TextTable":
        """Find out the layout. DataError for an empty file, and for other columns than those of ``like``."""
        if like is None:
            return cls(path, sniff(path, told))
        known = like.layout if isinstance(like, TextTable) else None
        if told.header is None:
            told = replace(told, header=bool(like.names) if known is None else known.header)
        layout = sniff(path, told, () if known is None else known.styles)
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

    @property
    def left_out(self) -> Mapping[int, str]:
        """Columns that are no features unless a spec names them, with the reason."""
        return self.layout.left_out

    @property
    def unusable(self) -> Mapping[int, str]:
        """None: whatever is no number is a text."""
        return {}

    @property
    def notes(self) -> Sequence[str]:
        """Lines worth telling the user; all of them once columns were read."""
        if not self.passed:
            return self.layout.notes
        rows = "1 row" if len(self.passed) == 1 else f"{len(self.passed)} rows"
        return (
            *self.layout.notes,
            f"{self.path}: {rows} without any value passed over, the first in line {self.passed[0]}",
        )

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions; see ``read_columns``."""
        return read_columns(self.path, self.layout, kept, kinds, self.passed)

    def blocks(self, kept: Collection[int], kinds: Kinds) -> Iterator[tuple[Column, ...]]:
        """Yield ``BLOCK`` rows at a time of columns whose kinds are all told, read by whole-array arithmetic if it can.

        Where that cannot read on, the rows that follow are read one by one.
        """
        self.passed.clear()
        done = 0 if kinds.text else (yield from self._plain_blocks(sorted(kept)))
        if done is None:
            return
        for block in _blocks(self.path, self.layout, self.passed, start=done):
            builders = _builders(self.layout, sorted(kept), kinds.text)
            for position, builder in builders.items():
                builder.add(block[position])
            yield _finish(self.path, self.layout, builders, kinds)

    def _plain_blocks(self, positions: Sequence[int]) -> Generator[tuple[Column, ...], None, int | None]:
        """Yield ``BLOCK`` rows of numbers at a time; return how many rows were read, None for all of the file."""
        names = self.layout.names or ("",) * self.layout.width

        def columns(values: Sequence[Array]) -> tuple[Column, ...]:
            gaps = [int(np.count_nonzero(np.isnan(part))) for part in values]
            told = zip(positions, values, gaps, strict=True)
            return tuple(Column(names[p], p, "number", part, (), missing) for p, part, missing in told)

        done, rest = 0, [np.empty(0)] * len(positions)
        blocks = number_blocks(self.path, self.layout, positions)
        while True:
            try:
                block = next(blocks)
            except StopIteration as end:
                complete = end.value
                break
            rest = [np.concatenate(pair) for pair in zip(rest, block, strict=True)]
            whole = len(rest[0]) - len(rest[0]) % BLOCK
            for start in range(0, whole, BLOCK):
                yield columns([values[start : start + BLOCK] for values in rest])
            done, rest = done + whole, [values[whole:] for values in rest]
        if not complete:
            return done
        if rest and len(rest[0]):
            yield columns(rest)
        return None

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return ``file:line:column`` of a value, and the value."""
        line, fields = next(islice(rows_below(self.path, self.layout), row, None))
        return place(self.path, self.layout, line, position), fields[position]


def read_columns(
    path: Path,
    layout: Layout,
    kept: Collection[int] | None = None,
    kinds: Kinds = FOUND_OUT,
    passed: list[int] | None = None,
) -> tuple[Column, ...]:
    """Return the columns of a table, all or those at the positions ``kept``, in order of position.

    DataError with its place for a row that is too short or too long, a slip among numbers, or a number not finite.
    ``passed`` gets the lines of rows without any value.
    """
    positions = range(layout.width) if kept is None else sorted(kept)
    passed = [] if passed is None else passed
    if not kinds.text and (numbers := read_numbers(path, layout)) is not None:
        names = layout.names or ("",) * layout.width
        columns, missing = numbers
        return tuple(Column(names[p], p, "number", columns[p], (), missing[p]) for p in positions)
    texts = set(kinds.text) | _likely_texts(path, layout, positions, kinds)
    builders = _read_at_once(path, layout, positions, texts) or _read(path, layout, positions, texts, passed)
    late = {p for p, builder in builders.items() if p not in texts and _is_text(p, builder, kinds)}
    if late:
        builders = _read(path, layout, positions, texts | late, passed)
    return _finish(path, layout, builders, kinds)


def _builders(layout: Layout, positions: Sequence[int], texts: Collection[int]) -> "dict[int, Numbers | Texts]":
    return {p: (Texts if p in texts else Numbers)(layout.styles[p], layout.gaps[p]) for p in positions}


def _read_at_once(
    path: Path, layout: Layout, positions: Sequence[int], texts: Collection[int]
) -> "dict[int, Numbers | Texts] | None":
    """Return the columns by whole-array arithmetic, None where that cannot read them."""
    coded = [position for position in positions if position in texts]
    plain = [position for position in positions if position not in texts]
    found = read_mixed(path, layout, plain, coded)
    if found is None:
        return None
    builders = _builders(layout, positions, texts)
    for position, blocks in zip(plain, found[0], strict=True):
        builders[position].take(np.concatenate(blocks), ())
    for position, pieces in zip(coded, found[1], strict=True):
        for codes, words in pieces:
            builders[position].take(codes, words)
    return builders


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
    builders = _builders(layout, positions, ())
    for block in islice(_blocks(path, layout, [], size=FIRST), 1):
        for position, builder in builders.items():
            builder.add(block[position])
    return {position for position, builder in builders.items() if _is_text(position, builder, kinds)}


def _is_text(position: int, builder: "Numbers | Texts", kinds: Kinds) -> bool:
    if position in kinds.number:
        return False
    return builder.words > 0 and (position in kinds.strict or 2 * builder.words >= builder.present)


def _read(
    path: Path, layout: Layout, positions: Sequence[int], texts: Collection[int], passed: list[int]
) -> "dict[int, Numbers | Texts]":
    builders = _builders(layout, positions, texts)
    for block in _blocks(path, layout, passed):
        for position, builder in builders.items():
            builder.add(block[position])
    return builders


def _blocks(
    path: Path, layout: Layout, passed: list[int], start: int = 0, size: int = BLOCK
) -> Iterator[Sequence[Sequence[str]]]:
    """Yield the values of many rows at a time from row ``start`` on, column by column; DataError for a ragged row."""
    passed.clear()
    rows = islice(rows_below(path, layout, passed), start, None)
    while block := list(islice(rows, size)):
        if any(len(fields) != layout.width for _, fields in block):
            blame(path, layout, ())
        yield list(zip(*(fields for _, fields in block), strict=True))
