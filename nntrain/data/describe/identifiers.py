"""Which columns number or name the rows instead of describing them. Knows nothing of what else columns are for."""

import re

from nntrain.data.describe.column_facts import ColumnFacts

IDS = frozenset({"id", "index", "rowid", "uuid", "guid", "key", "rownumber", "name"})
ID_NAME = re.compile(r".*([_ -][iI][dD]|[a-z0-9](Id|ID))")
UNNAMED = re.compile(r"(unnamed:\s*\d+|__index_level_\d+__)?", re.IGNORECASE)  # as pandas writes an index
FEW_ROWS = 20  # below, that all values differ says nothing


def id_reason(column: ColumnFacts, named: bool) -> str:
    """Return why the numbers of a column are an id or an index, or nothing. ``named``: other columns have names."""
    if column.is_text or not column.whole or column.amount or not named:
        return ""
    if UNNAMED.fullmatch(column.name.strip()) and column.distinct == column.present > 1 and not column.position:
        return "an index: different whole numbers, in a first column without a name of its own"
    if column.present < FEW_ROWS or column.distinct < 0.9 * column.present or not is_id_name(column.name):
        return ""
    return "an id, as its name says"


def is_id_name(name: str) -> bool:
    """Return whether a name is that of an id: ``id``, ``row_id``, ``PassengerId``."""
    return plain_name(name) in IDS or ID_NAME.fullmatch(name.strip()) is not None


def plain_name(name: str) -> str:
    """Return a name without case, blanks and underscores."""
    return name.lower().replace("_", "").replace(" ", "")
