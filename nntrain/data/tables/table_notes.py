"""What is worth telling of a table that was read: guesses, what is left out, values that look like missing ones.

Knows nothing of how a table is stored.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from nntrain.data.tables.columns import Column, Table, named
from nntrain.data.text import quoted

CODES = (-9999.0, -99999.0, -999.0, -9.0e5, -200.0, 9999.0, 99999.0, 999999.0)  # numbers that people write for a gap
TWICE = 2  # rows in which such a number stands
FAR = 3  # ranges of all other values that it is away from them
ABBREVIATIONS = frozenset({"na", "n/a"})  # words that may well be a kind: Namibia, not applicable


def describe_table(table: Table, kept: Collection[int], hints: "GapHints") -> Iterator[str]:
    """Yield how a table was read, what is left out, and which gaps may be none, or numbers one.

    ``kept`` are the positions that have a use; ``hints`` know the columns that were read.
    """
    yield from table.notes
    for position, why in table.left_out.items():
        if position not in kept:
            yield f"{table.path}: {named(table, position)} is left out: {why}"
    yield from hints.notes(table)


class GapHints:
    """Gaps of columns that may be none, and numbers that may be gaps; all rows are added at once, or some at a time."""

    def __init__(self) -> None:
        self._columns: dict[int, _Words | _Codes] = {}

    def add(self, columns: Iterable[Column]) -> "GapHints":
        """Look at some rows of columns."""
        for column in columns:
            kind = _Words if column.is_text else _Codes
            self._columns.setdefault(column.position, kind(column.name or str(column.position))).add(column)
        return self

    def notes(self, table: Table) -> Iterator[str]:
        """Yield a note for each column that deserves one."""
        for position, found in self._columns.items():
            for text in found.notes():
                yield f"{table.path}: {named(table, position)}: {text}"


class _Words:
    """How the gaps of a column of texts are spelled."""

    def __init__(self, key: str) -> None:
        self.key, self.missing = key, 0
        self.written: set[str] = set()

    def add(self, column: Column) -> None:
        self.missing += column.missing
        self.written.update(column.written)

    def notes(self) -> Iterator[str]:
        word = next(iter(self.written)) if len(self.written) == 1 else ""
        if word.lower() in ABBREVIATIONS:
            rows = "1 row" if self.missing == 1 else f"{self.missing} rows"
            key = f"data.source.na: {{{self.key}: []}}"
            yield f"missing in {rows}, written {word} in each; if {word} is a kind, set {key}"


class _Codes:
    """How often a column of numbers holds a number that people write for a gap, and the range of all others."""

    def __init__(self, key: str) -> None:
        self.counts: Counter[float] = Counter()
        self.low, self.high = np.inf, -np.inf

    def add(self, column: Column) -> None:
        values = column.values
        found = {code: count for code in CODES if (count := int(np.count_nonzero(values == code)))}
        self.counts.update(found)
        others = values[~np.isin(values, list(found))] if found else values
        if len(others):
            self.low = min(self.low, float(np.fmin.reduce(others)))
            self.high = max(self.high, float(np.fmax.reduce(others)))

    def notes(self) -> Iterator[str]:
        for code in CODES:
            away = min(abs(code - self.low), abs(code - self.high)) > FAR * max(self.high - self.low, 1.0)
            if self.counts[code] >= TWICE and self.low <= self.high and away and not self.low <= code <= self.high:
                shown = quoted(f"{code:.0f}")[1:-1]
                advice = f"if it means missing, set data.source.na: [{shown}]"
                yield f"{shown} in {self.counts[code]} rows, far from all others; {advice}"
