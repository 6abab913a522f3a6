"""What the columns of a table are for, guessed from names and values: the target, the task, what to leave out.

Every guess carries its reason, for whoever corrects it. Knows nothing of files or specs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nntrain.data.describe.column_facts import ColumnFacts
from nntrain.data.tables.labels import MAX_AUTO
from nntrain.data.text import quoted

# What people call the column to predict, most telling first. Compared without case, blanks and underscores.
AMOUNTS = ("medv", "medianhousevalue", "medhouseval", "saleprice", "price", "amount")
TARGETS = (
    *("target", "label", "labels", "class", "y", "outcome", "diagnosis", "species", "category", "income", "survived"),
    *("quality", *AMOUNTS, "rings", "output", "response"),
)
IDS = frozenset({"id", "index", "rowid", "unnamed: 0", "uuid", "guid", "key", "rownumber", "name"})
MANY_DIGITS = 10_000  # smaller whole numbers are measurements as likely as identifiers
FEW_ROWS = 20  # below, that all values differ says nothing
MOST_TEXTS = 100  # different texts of a feature, each of which becomes an input


@dataclass(frozen=True, slots=True)
class Roles:
    """The target by position, the columns to leave out with their reasons, the task; and why."""

    target: int
    target_why: str
    ignored: Mapping[int, str]
    task: Literal["classification", "regression"]
    task_why: str


def guess_roles(columns: Sequence[ColumnFacts], *, target: int | None = None, named: bool = False) -> Roles:
    """Return the roles of the columns; a ``target`` that is given is kept. ``named``: the names are a header's."""
    if target is None:
        target, why = _target(columns, named)
    else:
        why = "as asked for"
    column = next(item for item in columns if item.position == target)
    ignored = {
        item.position: reason for item in columns if item.position != target and (reason := _useless(item, named))
    }
    task, task_why = _task(column)
    return Roles(target, why, ignored, task, task_why)


def _target(columns: Sequence[ColumnFacts], named: bool) -> tuple[int, str]:
    if named:
        plain = {_plain(item.name): item for item in reversed(columns)}
        found = next((plain[name] for name in TARGETS if name in plain), None)
        if found is not None:
            return found.position, "its name says so"
    usable = [item for item in columns if not item.constant and not _useless(item, named)]
    if not usable:
        return columns[-1].position, "the last column"
    last = usable[-1]
    second = next((item for item in usable if item.position == 1), None)
    if not _like_classes(last) and second is not None and second.is_text and _is_number_id(columns[0]):
        return second.position, f"the text that follows the id: {kinds(second)}"
    if last.position == columns[-1].position:
        return last.position, "the last column"
    first = usable[0]
    if columns[-1].constant and _like_classes(first):
        return first.position, "the first column, since the last never changes"
    return last.position, "the last column that can be one"


def _task(column: ColumnFacts) -> tuple[Literal["classification", "regression"], str]:
    if column.is_text:
        return "classification", kinds(column)
    if _plain(column.name) in AMOUNTS:
        return "regression", "an amount, as its name says"
    if column.whole and column.distinct <= MAX_AUTO:
        return "classification", f"{column.distinct} different whole numbers; task: regression takes them as amounts"
    what = "whole numbers" if column.whole else "numbers"
    return "regression", f"{column.distinct:,} different {what}"


def _like_classes(column: ColumnFacts) -> bool:
    few = column.distinct <= max(MAX_AUTO, column.present // 10 if column.is_text else 0)
    return few and (column.is_text or column.whole)


def _useless(column: ColumnFacts, named: bool) -> str:
    """Return why a column cannot help to predict, or nothing."""
    all_differ = column.present >= FEW_ROWS and column.distinct >= 0.9 * column.present
    if column.distinct == 0:
        return "no value in any row"
    if column.is_text and (column.distinct > MOST_TEXTS or all_differ) and column.distinct > column.present // 20:
        what = f"such as {quoted(column.number_like)}: leave the bare numbers in the file to use them"
        count = f"{column.distinct:,} different texts in {column.present:,} rows"
        return f"{count}, {what}" if column.number_like else f"{count}: names, not kinds"
    if not column.is_text and named and all_differ and column.whole and _is_id_name(column.name):
        return "an id, as its name says"
    return (
        f"{column.distinct:,} different whole numbers in {column.rows:,} rows: an id" if _is_number_id(column) else ""
    )


def _is_number_id(column: ColumnFacts) -> bool:
    """Whether the first column counts the rows, or holds long whole numbers nearly all of which differ."""
    if column.position or not column.whole or column.present < FEW_ROWS or column.distinct < 0.9 * column.present:
        return False
    return column.rising or (column.mean or 0) >= MANY_DIGITS


def _is_id_name(name: str) -> bool:
    plain = _plain(name)
    return plain in IDS or (plain.endswith("id") and name.lower().endswith(("_id", " id", "-id")))


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "") if name.lower() != "unnamed: 0" else name.lower()


def kinds(column: ColumnFacts) -> str:
    """Return the classes of a text column with their counts: ``B 357, M 212``."""
    quoted = [f"{text} {count:,}" for text, count in column.common[:4]]
    return ", ".join(quoted) + (f", … {column.distinct} in all" if column.distinct > len(quoted) else "")
