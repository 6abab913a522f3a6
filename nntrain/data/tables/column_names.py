"""Columns found by their names: exactly, or where only case, blanks or quotes differ. Nothing is taken in order.

Knows nothing of what the columns hold or are for.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nntrain.data.tables.columns import Table
from nntrain.data.text import quoted
from nntrain.errors import DataError

MOST = 12  # names in a message
QUOTES = "\"'`“”‘’"


@dataclass(frozen=True, slots=True)
class FoundColumns:
    """``positions`` of the wanted columns, in their order; ``others`` are the names that nobody wanted; ``notes``."""

    positions: tuple[int, ...]
    others: tuple[str, ...]
    notes: tuple[str, ...]


def find_columns(wanted: Sequence[str], names: Sequence[str], where: str, known: Collection[str] = ()) -> FoundColumns:
    """Return where each wanted column stands among ``names``.

    A name that occurs several times must do so equally often on both sides. DataError at ``where`` with all names that
    are missing, or that may be one of several; ``known`` names are not told as strange there.
    """
    _refuse_ambiguous(wanted, names, where)
    taken: dict[int, int] = {}  # position of a wanted name: its place among the names
    for k, name in enumerate(wanted):
        place = next((p for p, other in enumerate(names) if other == name and p not in taken.values()), None)
        if place is not None:
            taken[k] = place
    notes = []
    for k, name in enumerate(wanted):
        alike = [p for p, other in enumerate(names) if p not in taken.values() and _plain(other) == _plain(name)]
        if k in taken or not alike:
            continue
        if len(alike) > 1:
            raise DataError(f"{where}: {list_names([names[p] for p in alike])} may all be {quoted(name)}; rename them")
        taken[k] = alike[0]
        notes.append(f"{where}: {quoted(names[alike[0]])} is taken for {quoted(name)}")
    others = tuple(name for p, name in enumerate(names) if p not in taken.values())
    missing = [name for k, name in enumerate(wanted) if k not in taken]
    if missing:
        raise DataError(f"{where}: {_missing(missing, [name for name in others if name not in known], none=not taken)}")
    return FoundColumns(tuple(taken[k] for k in range(len(wanted))), others, tuple(notes))


def has_all(wanted: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether all wanted names are there, but for case, blanks and quotes."""
    return {_plain(name) for name in wanted} <= {_plain(name) for name in names}


def place_of_names(table: Table) -> str:
    """Return where a table has its names, for a message: the first line of a text, or simply the file."""
    from nntrain.data.tables.text_table import TextTable  # here, since not all models know columns

    return f"{table.path}:1" if isinstance(table, TextTable) else str(table.path)


def list_names(names: Sequence[str]) -> str:
    """Return a few names in quotes, and how many more there are."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(map(quoted, names[:MOST])) + more


def _plain(name: str) -> str:
    """Return a name without what people and programs change in passing: case, blanks, quotes."""
    return "".join(name.split()).strip(QUOTES).casefold()


def _refuse_ambiguous(wanted: Sequence[str], names: Sequence[str], where: str) -> None:
    ours, theirs = Counter(wanted), Counter(names)
    twice = sorted(name for name in ours if theirs[name] > 1 and theirs[name] != ours[name])
    if twice:
        raise DataError(f"{where}: several columns are named {list_names(twice)}")


def _missing(missing: Sequence[str], others: Sequence[str], *, none: bool) -> str:
    """Return a line on columns that are missing, and what to do when the first line may hold no names at all."""
    more = f"; not known to the model: {list_names(others)}" if others else ""
    hint = "; put the names of the model's columns above the values, or leave such a line out" if none else ""
    return f"columns are missing: {list_names(missing)}{more}{hint}"
