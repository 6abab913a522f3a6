"""Which columns number or name the rows instead of describing them. Knows nothing of what else columns are for."""

import re

from nntrain.data.describe.column_facts import ColumnFacts

IDS = frozenset({"id", "index", "rowid", "uuid", "guid", "key", "rownumber", "name"})
ID_NAME = re.compile(r".*([_ -][iI][dD]|[a-z0-9](Id|ID))")
UNNAMED = re.compile(r"(unnamed:\s*\d+|__index_level_\d+__)?", re.IGNORECASE)  # as pandas writes an index
LOSSY = 1 << 53  # from here on not every whole number is a double
FEW_ROWS = 20  # with fewer rows than this, all values may differ by chance


def id_reason(column: ColumnFacts, named: bool) -> str:
    """Return why a column of numbers is an id or an index, or "". ``named``: whether columns have names."""
    if column.is_text or not column.whole or column.amount or not named:
        return ""
    if UNNAMED.fullmatch(column.name.strip()) and column.distinct == column.present > 1 and not column.position:
        return "an index: different whole numbers in a first column without a name"
    if column.present < FEW_ROWS or column.distinct < 0.9 * column.present or not is_id_name(column.name):
        return ""
    return "an id, judging by its name"


def is_id_name(name: str) -> bool:
    """Return whether a name is typical of an id: ``id``, ``row_id``, ``PassengerId``."""
    return plain_name(name) in IDS or ID_NAME.fullmatch(name.strip()) is not None


def plain_name(name: str) -> str:
    """Return a name without case, blanks and underscores."""
    return name.lower().replace("_", "").replace(" ", "")
