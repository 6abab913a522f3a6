"""CSV text: what goes in comes back when it is read. Knows nothing of what the cells mean.

A spreadsheet runs a cell that looks like a formula, so text from a stranger's file can be guarded: an apostrophe in
front makes it text there, and changes it for every other reader. That is why it is only done on request.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(header: Sequence[str] | None, rows: Iterable[Sequence[Any]], *, guard: bool = False) -> str:
    """Return a header, if there is one, and rows as CSV, floats in full; with ``guard`` no cell is a formula."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    every = rows if header is None else chain([header], rows)
    writer.writerows(map(_guard_row, every) if guard else every)
    return target.getvalue()


def _guard_row(row: Sequence[Any]) -> list[Any]:
    return [guard_formula(cell) if isinstance(cell, str) else cell for cell in row]


def guard_formula(text: str) -> str:
    """Return a text with an apostrophe in front if a spreadsheet would run it; numbers and lone signs stay."""
    if not text.startswith(FORMULA) or len(text) == 1:
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
