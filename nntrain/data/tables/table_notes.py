"""What is worth telling of a table that was read: guesses, what is left out, values that look like missing ones.

Knows nothing of how a table is stored.
"""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from nntrain.data.tables.columns import Column, Table, named
from nntrain.data.text import quoted

CODES = (-9999.0, -99999.0, -999.0, -9.0e5, -200.0, 9999.0, 99999.0, 999999.0)  # numbers that people write for a gap
TWICE = 2  # rows in which such a number stands
FAR = 3  # ranges of all other values that it is away from them
ABBREVIATIONS = frozenset({"na", "n/a"})  # words that may well be a kind: Namibia, not applicable


def describe_table(table: Table, kept: Collection[int], columns: Sequence[Column]) -> Iterator[str]:
    """Yield how the table was read, what is left out, and which gaps may be none, or numbers one.

    ``kept`` are the positions that have a use, ``columns`` those that were read.
    """
    yield from table.notes
    for position, why in table.left_out.items():
        if position not in kept:
            yield f"{table.path}: {named(table, position)} is left out: {why}"
    for column in columns:
        where = f"{table.path}: {named(table, column.position)}"
        if column.is_text:
            yield from _abbreviations(where, column)
        else:
            yield from _codes(where, column)


def _abbreviations(where: str, column: Column) -> Iterator[str]:
    if len(column.written) == 1 and column.written[0].lower() in ABBREVIATIONS:
        word, rows = column.written[0], "1 row" if column.missing == 1 else f"{column.missing} rows"
        key = f"data.source.na: {{{column.name or column.position}: []}}"
        yield f"{where}: missing in {rows}, written {word} in each; if {word} is a kind, set {key}"


def _codes(where: str, column: Column) -> Iterator[str]:
    values = column.values
    for code in CODES:
        count = int(np.count_nonzero(values == code))
        if count < TWICE or count == len(values):
            continue
        others = values[(values != code) & ~np.isnan(values)]
        if not len(others):
            continue
        low, high = float(others.min()), float(others.max())
        if min(abs(code - low), abs(code - high)) > FAR * max(high - low, 1.0) and not low <= code <= high:
            shown = quoted(f"{code:.0f}")[1:-1]
            advice = f"if it means missing, set data.source.na: [{shown}]"
            yield f"{where}: {shown} in {count} rows, far from all others; {advice}"
