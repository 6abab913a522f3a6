"""Guesses, from names and values, the target column of a table, the task, and the columns to leave out.

Each guess comes with its reason, so that users can correct it. Knows nothing of files or specs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nntrain.data.describe.column_facts import ColumnFacts
from nntrain.data.describe.dates import moments_of
from nntrain.data.describe.identifiers import FEW_ROWS, LOSSY, id_reason, plain_name
from nntrain.data.describe.usual_targets import AMOUNTS, TARGETS
from nntrain.data.tables.labels import MAX_AUTO
from nntrain.data.text import quoted
from nntrain.data.transforms.encoder import too_many_texts

CLASSES = (
    "label",
    "labels",
    "class",
    "classes",
    "category",
    "species",
    "letter",
    "digit",
    "sign",
)  # names of classes even when they are whole numbers
MANY_DIGITS = 10_000  # smaller whole numbers may just as well be measurements
MOST_TEXTS = 100  # different texts in a feature column; each becomes an input
TRAINED = 0.7  # at least this share of the rows is trained on
ROWS_A_CLASS = 5  # rows per different value from which whole numbers may be classes


@dataclass(frozen=True, slots=True)
class Roles:
    """The target by position, the columns to leave out with their reasons, the task, and why these were guessed."""

    target: int
    target_why: str
    ignored: Mapping[int, str]
    task: Literal["classification", "regression"]
    task_why: str


def guess_roles(columns: Sequence[ColumnFacts], *, target: int | None = None, named: bool = False) -> Roles:
    """Guess the roles of the columns; a given ``target`` is kept. ``named``: the names come from a header."""
    if target is None:
        target, why = _target(columns, named)
    else:
        why = "as given"
    column = next(item for item in columns if item.position == target)
    ignored = {
        item.position: reason for item in columns if item.position != target and (reason := _useless(item, named))
    }
    task, task_why = _task(column)
    return Roles(target, why, ignored, task, task_why)


def _target(columns: Sequence[ColumnFacts], named: bool) -> tuple[int, str]:
    if named:
        plain = {plain_name(item.name): item for item in reversed(columns)}
        found = next((plain[name] for name in TARGETS if name in plain), None)
        if found is not None:
            return found.position, "guessed from its name"
    usable = [item for item in columns if not item.constant and not _useless(item, named)]
    if not usable:
        return columns[-1].position, "the last column"
    last = usable[-1]
    second = next((item for item in usable if item.position == 1), None)
    if not _like_classes(last) and second is not None and second.is_text and _is_number_id(columns[0]):
        return second.position, f"a column of text right after the id: {kinds(second)}"
    end = next(item for item in reversed(columns) if item.distinct)  # the last column with any value
    if last.position == end.position:
        return last.position, "the last column" if end is columns[-1] else "the last column that holds any value"
    first = usable[0]
    if end.constant and _like_classes(first):
        return first.position, "the first column, since the last has the same value in every row"
    return last.position, "the last column that can be a target"


def _task(column: ColumnFacts) -> tuple[Literal["classification", "regression"], str]:
    if column.is_text:
        return "classification", kinds(column)
    if plain_name(column.name) in AMOUNTS:
        return "regression", "an amount, judging by its name"
    if column.whole and column.distinct <= MAX_AUTO:
        return "classification", f"{column.distinct} different whole numbers; set task: regression if they are amounts"
    what = f"{column.distinct:,} different whole numbers" if column.whole else f"{column.distinct:,} different numbers"
    if not column.whole or column.present < ROWS_A_CLASS * column.distinct:
        return "regression", what
    counted = column.low in (0, 1) and (column.high or 0) <= column.distinct + 1
    if counted and plain_name(column.name) in CLASSES:
        return "classification", f"{what}, classes judging by its name; set task: regression if they are amounts"
    return "regression", f"{what}; set task: classification if they are classes"


def _like_classes(column: ColumnFacts) -> bool:
    few = column.distinct <= max(MAX_AUTO, column.present // 10 if column.is_text else 0)
    return few and (column.is_text or column.whole)


def _useless(column: ColumnFacts, named: bool) -> str:
    """Return why a column cannot help to predict, or ""."""
    all_differ = column.present >= FEW_ROWS and column.distinct >= 0.9 * column.present
    if column.distinct == 0:
        return "no value in any row"
    if moments := moments_of(column):
        return moments
    many = column.distinct > MOST_TEXTS and column.distinct > column.present // 20
    if column.is_text and (all_differ or many or too_many_texts(column.distinct, int(TRAINED * column.present))):
        what = f"such as {quoted(column.number_like)}: write plain numbers in the file to use them"
        count = f"{column.distinct:,} different texts in {column.present:,} rows"
        return f"{count}, {what}" if column.number_like else f"{count}: too many to be categories"
    if reason := id_reason(column, named):
        return reason
    if column.whole and column.largest >= LOSSY:
        return f"whole numbers from {LOSSY:,} on, as ids and codes have, whose last digits would be lost"
    return (
        f"{column.distinct:,} different whole numbers in {column.rows:,} rows: an id" if _is_number_id(column) else ""
    )


def _is_number_id(column: ColumnFacts) -> bool:
    """Return whether it is the first column and counts the rows, or holds large numbers nearly all of which differ."""
    if (
        column.position
        or column.amount
        or not column.whole
        or column.present < FEW_ROWS
        or column.distinct < 0.9 * column.present
    ):
        return False
    return column.rising or (column.mean or 0) >= MANY_DIGITS


def kinds(column: ColumnFacts) -> str:
    """Return the classes of a text column with their counts: ``B 357, M 212``."""
    shown = [f"{quoted(text)[1:-1]} {count:,}" for text, count in column.common[:4]]
    return ", ".join(shown) + (f", … {column.distinct} in all" if column.distinct > len(shown) else "")
