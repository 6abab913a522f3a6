"""Tables by column: what each holds, numbers or text, and how many of its values are missing.

A column is text when at least half of its values that are there are no numbers; otherwise a value that is no number is
a mistake, reported with its place. Whole numbers, codes with leading zeros too, are numbers; a date is text. Knows
nothing of targets, tasks or splits.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.table import Layout, blame, is_missing, is_number, records

BLOCK = 4096  # rows worked on at a time


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

    def __len__(self) -> int:
        return len(self.values)


def read_columns(
    path: Path, layout: Layout, *, skip: Collection[int] = (), text: Collection[int] = ()
) -> tuple[Column, ...]:
    """Return the columns of a table, but for those to skip; those in ``text`` are text whatever they hold.

    DataError with its place for a row that is too short or too long, a slip among numbers, or a number not finite.
    """
    kept = [position for position in range(layout.width) if position not in skip]
    texts = set(text) | _likely_texts(path, layout, kept)
    builders = _read(path, layout, kept, texts)
    late = {p for p, builder in builders.items() if p not in texts and builder.is_text}
    if late:
        builders = _read(path, layout, kept, texts | late)
    columns, faulty = [], []
    for position, builder in builders.items():
        name = layout.names[position] if layout.names else ""
        columns.append(Column(name, position, *builder.finish(as_text=position in text)))
        if builder.odd:
            faulty.append(position)
    if faulty:
        blame(path, layout, faulty)
    return tuple(columns)


def _likely_texts(path: Path, layout: Layout, kept: Sequence[int]) -> set[int]:
    """Return the columns that look like text from the first block of rows."""
    builders = {position: _Numbers() for position in kept}
    for block in islice(_blocks(path, layout), 1):
        for position, builder in builders.items():
            builder.add(block[position])
    return {position for position, builder in builders.items() if builder.is_text}


def _read(path: Path, layout: Layout, kept: Sequence[int], texts: Collection[int]) -> "dict[int, _Numbers | _Texts]":
    builders = {position: _Texts() if position in texts else _Numbers() for position in kept}
    for block in _blocks(path, layout):
        for position, builder in builders.items():
            builder.add(block[position])
    return builders


def _blocks(path: Path, layout: Layout) -> Iterator[Sequence[Sequence[str]]]:
    """Yield the values of many rows at a time, column by column; DataError for a row of another length."""
    rows = islice(records(path, layout.delimiter), int(layout.header), None)
    while block := list(islice(rows, BLOCK)):
        if any(len(fields) != layout.width for _, fields in block):
            blame(path, layout, ())
        yield list(zip(*(fields for _, fields in block), strict=True))


class _Contents(NamedTuple):
    kind: Literal["number", "text"]
    values: Array
    texts: tuple[str, ...]
    missing: int


class _Numbers:
    """A column taken for numbers: whatever is none counts as ``odd`` and is NaN for the time being."""

    def __init__(self) -> None:
        self.blocks: list[Array] = []
        self.odd = 0  # values that are no finite numbers
        self.words = 0  # among them those that are no numbers at all
        self.present = 0

    @property
    def is_text(self) -> bool:
        """Whether at least half of the values are no numbers."""
        return self.words > 0 and 2 * self.words >= self.present

    def add(self, fields: Sequence[str]) -> None:
        try:
            if "_" in "".join(fields):  # Python reads 1_000 as a number, nobody else does
                raise ValueError
            values = np.array(list(map(float, fields)))
        except ValueError:
            values = np.array([self._number(field) for field in fields])
        gaps = int(np.isnan(values).sum())
        self.odd += int(np.isinf(values).sum())
        self.present += len(values) - gaps
        self.blocks.append(values)

    def _number(self, field: str) -> float:
        if is_number(field):
            return float(field)
        if not is_missing(field, among_numbers=True):
            self.odd += 1
            self.words += 1
            self.present += 1
        return np.nan

    def finish(self, *, as_text: bool) -> "_Contents":
        """Return what a column is made of."""
        values = np.concatenate(self.blocks)
        return _Contents("number", values, (), int(np.isnan(values).sum()))


class _Texts:
    """A column taken for text: every distinct value gets a code."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.blocks: list[Array] = []
        self.odd = 0

    is_text = True

    def add(self, fields: Iterable[str]) -> None:
        codes = self.codes
        self.blocks.append(np.array([codes.setdefault(field, len(codes)) for field in fields], np.int64))

    def finish(self, *, as_text: bool) -> "_Contents":
        """Return what a column is made of: numbers after all when most of the values are."""
        codes = np.concatenate(self.blocks)
        counts = np.bincount(codes, minlength=len(self.codes))
        there = np.array([not is_missing(field, among_numbers=True) for field in self.codes])
        numeric = np.array([is_number(field) for field in self.codes])
        odd = int(counts[there & ~numeric].sum())
        if as_text or odd >= counts[there & numeric].sum():
            return _without_gaps(codes, list(self.codes))
        table = np.array([float(field) if is_number(field) else np.nan for field in self.codes])
        self.odd = odd + int(counts[np.isinf(table)].sum())
        values = table[codes]
        return _Contents("number", values, (), int(np.isnan(values).sum()))


def _without_gaps(codes: Array, texts: Sequence[str]) -> "_Contents":
    """Return the contents of a text column: codes with -1 for what counts as missing, the texts that are left sorted."""
    left = sorted(text for text in texts if not is_missing(text, among_numbers=False))
    place = {text: index for index, text in enumerate(left)}
    table = np.array([place.get(text, -1) for text in texts], np.int64)
    values = table[codes]
    return _Contents("text", values, tuple(left), int((values < 0).sum()))
