"""CSV text that opens as what it is: a name from a data file that looks like a formula is marked as text."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(header: Sequence[str] | None, rows: Iterable[Sequence[Any]]) -> str:
    """Return a header, if there is one, and rows as CSV; floats in full, text guarded."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    if header is not None:
        writer.writerow([guard_formula(name) for name in header])
    writer.writerows([guard_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return target.getvalue()


def guard_formula(text: str) -> str:
    """Return a text with an apostrophe in front if a spreadsheet would run it; numbers and lone signs stay."""
    if not text.startswith(FORMULA) or len(text) == 1:
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
