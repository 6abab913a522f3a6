"""How advice speaks of columns: their names, the keys of a spec, counts. Knows nothing of what is advised."""

from collections.abc import Iterable, Sequence

from nntrain.data.describe.column_facts import ColumnFacts
from nntrain.data.text import quoted

NAMED = 4  # columns or classes that one line lists


def column_name(column: ColumnFacts) -> str:
    """Return the name of a column, or its position."""
    return bare(column.name) if column.name else f"column {column.position}"


def bare(text: str) -> str:
    """Return a text without quotes, fit for one line."""
    return quoted(text)[1:-1]


def keys_of(columns: Sequence[ColumnFacts]) -> str:
    """Return a list of columns as a spec writes it: by name, or by position."""
    keys = [bare(column.name) if column.name else str(column.position) for column in columns]
    return f"[{', '.join(keys)}]" if len(keys) <= 2 * NAMED else f"[{', '.join(keys[:NAMED])}, …]"


def join_words(names: Iterable[str]) -> str:
    """Return the first few names, and how many more there are."""
    found = list(names)
    more = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")


def count_of(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 row``, ``2 rows``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
