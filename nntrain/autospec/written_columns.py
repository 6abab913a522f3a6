"""Facts that only the spelling of numbers in a file shows: amounts, and codes with leading zeros.

Knows nothing of what columns are used for.
"""

from collections.abc import Sequence
from dataclasses import replace

from nntrain.data.describe.column_facts import ColumnFacts, facts_of
from nntrain.data.formats.padded_numbers import has_padded_numbers
from nntrain.data.formats.styles import DECIMAL_COMMA, PLAIN
from nntrain.data.tables.columns import Kinds, Table, named
from nntrain.data.tables.labels import MAX_AUTO, is_padded
from nntrain.data.tables.text_table import TextTable
from nntrain.data.text import quoted
from nntrain.errors import DataError


def add_spelling(table: Table, columns: Sequence[ColumnFacts]) -> Sequence[ColumnFacts]:
    """Return the facts, with amounts marked, and with codes such as 007 as texts."""
    if not isinstance(table, TextTable):
        return columns
    plain = (PLAIN, DECIMAL_COMMA)
    columns = [replace(item, amount=table.layout.styles[item.position] not in plain) for item in columns]
    whole = [item.position for item in columns if item.whole and not item.amount]
    if not whole or not has_padded_numbers(table.path):
        return columns
    codes = {
        column.position: facts_of(column)
        for column in table.columns(whole, Kinds(text=whole))
        if any(map(is_padded, column.texts))
    }
    return [codes.get(item.position, item) for item in columns]


def refuse_amounts(target: ColumnFacts, table: Table) -> None:
    """Raise the DataError for a target of numbers that are written as texts: they are not so many classes."""
    if target.number_like and target.distinct > MAX_AUTO:
        what = f"{named(table, target.position)} holds numbers as texts, such as {quoted(target.number_like)}"
        raise DataError(f"{table.path}: {what}; write plain numbers in the file, or name another target")
