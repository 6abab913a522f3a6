"""The target columns of a table: what is to be learned from them, and as what.

Knows nothing of features or of how a table is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.formats.padded_numbers import has_padded_numbers
from nntrain.data.tables.columns import Column, Kinds, Table
from nntrain.data.tables.labels import (
    MAX_AUTO,
    ONE_COLUMN,
    TaskChoice,
    choose_task,
    is_one_hot,
    name_classes,
    one_hot_note,
)
from nntrain.data.tables.text_table import TextTable
from nntrain.errors import DataError

LARGE = 2.0**53  # from here on not every whole number is a float


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """``y`` (n,) class indices with ``class_names``, or (n, k) numbers; what is missing has no meaning there.

    ``notes`` are lines worth telling of how the columns were taken.
    """

    task: TaskChoice
    y: Array
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def part(self, X: Array, kept: Array) -> Part:
        """Return the rows that are kept as examples with these inputs."""
        if kept.all():
            return Part(X, self.y)
        return Part(X, self.y[kept], np.flatnonzero(kept))

    def first_row(self, class_name: str) -> int:
        """Return the row in which a class occurs first."""
        return int((self.y == self.class_names.index(class_name)).argmax())


def read_target(table: Table, columns: Sequence[Column], asked: TaskChoice, n: int) -> Target:
    """Return what the target columns are for the task that is asked for; of n rows without one, no numbers."""
    if not columns:
        return Target("regression", np.empty((n, 0)), ())
    if len(columns) > 1:
        return _several(table, columns, asked)
    (column,) = columns
    if not column.is_text:
        distinct = np.unique(column.values[~np.isnan(column.values)])
        wide = len(distinct) > MAX_AUTO or not np.equal(distinct, np.round(distinct)).all()
        if _is_regression(asked, wide):
            return Target("regression", column.values[:, None], ())
        exact = len(distinct) and np.abs(distinct[[0, -1]]).max() < LARGE
        if exact and not (isinstance(table, TextTable) and has_padded_numbers(table.path)):
            return _classes(table, *_spell(column, distinct))
        return _classes(table, *_as_written(table, column))
    task = choose_task(column.texts, asked)
    if task == "regression":
        _refuse_text(table, column)
        return Target("regression", _numbers(column)[:, None], ())
    if asked == "auto" and len(column.texts) > max(MAX_AUTO, len(column) // 2):
        raise DataError(
            f"{table.path}: the target column holds {len(column.texts)} different texts; set target to the right one"
        )
    return _classes(table, list(column.texts), column.values)


def _is_regression(asked: TaskChoice, wide: bool) -> bool:
    return wide if asked == "auto" else asked == "regression"


def _several(table: Table, columns: Sequence[Column], asked: TaskChoice) -> Target:
    """Return several columns of numbers as targets, of 0 and 1 as labels, of exactly one 1 in each row as classes."""
    for column in columns:
        if column.is_text:
            _refuse_text(table, column)
    y = np.stack([column.values for column in columns], axis=1)
    if asked in ("auto", "classification") and is_one_hot(y):
        names = tuple(column.name for column in columns)
        names = names if len({*names}) == len(names) else tuple(map(str, range(len(names))))
        notes = (one_hot_note(str(table.path), names),) if asked == "auto" else ()
        return Target("classification", np.nan_to_num(y).argmax(axis=1), names, notes)
    binary = bool((np.isnan(y) | (y == 0) | (y == 1)).all())
    task: TaskChoice = ("multilabel" if binary else "regression") if asked == "auto" else asked
    if task == "classification":
        raise DataError(f"{table.path}: {ONE_COLUMN}, got {len(columns)} others")
    if task == "multilabel" and not binary:
        raise DataError(f"{table.path}: labels are 0 or 1, got values from {np.nanmin(y)} to {np.nanmax(y)}")
    return Target(task, y, ())


def _classes(table: Table, texts: Sequence[str], codes: Array) -> Target:
    y, names = name_classes(texts, np.maximum(codes, 0), str(table.path))
    return Target("classification", y, names)


def _as_written(table: Table, column: Column) -> tuple[Sequence[str], Array]:
    """Return the numbers of a column as texts as they stand in the file, and the index among them of each row's."""
    (written,) = table.columns([column.position], Kinds(text=[column.position]))
    there = np.unique(written.values[~column.gaps & (written.values >= 0)])
    return [written.texts[code] for code in there], np.searchsorted(there, written.values).clip(0, len(there) - 1)


def _spell(column: Column, distinct: Array) -> tuple[list[str], Array]:
    """Return distinct numbers as text, and the index among them of each row's; 0 where missing."""
    texts = [str(int(value)) if float(value).is_integer() else repr(float(value)) for value in distinct]
    return texts, np.minimum(np.searchsorted(distinct, column.values), len(distinct) - 1)


def _numbers(column: Column) -> Array:
    return np.array([*map(float, column.texts), np.nan])[column.values]


def _refuse_text(table: Table, column: Column) -> None:
    """Raise the DataError of the first value that is no number."""
    table.columns([column.position], Kinds(number=[column.position]))
