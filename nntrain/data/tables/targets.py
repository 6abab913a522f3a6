"""The target columns of a table: what is to be learned from them, and as what.

Knows nothing of features or of how a table is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.tables.columns import Column, Kinds, Table
from nntrain.data.tables.labels import MAX_AUTO, TaskChoice, choose_task, name_classes
from nntrain.errors import DataError

LARGE = 2.0**53  # from here on not every whole number is a float


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """``y`` (n,) class indices with ``class_names``, or (n, k) numbers; what is missing has no meaning there."""

    task: TaskChoice
    y: Array
    class_names: tuple[str, ...]
    columns: Sequence[Column]

    def part(self, X: Array, kept: Array) -> Part:
        """Return the rows that are kept as examples with these inputs."""
        return Part(X, self.y if kept.all() else self.y[kept])

    def first_row(self, class_name: str) -> int:
        """Return the row in which a class occurs first."""
        return int((self.y == self.class_names.index(class_name)).argmax())


def read_target(table: Table, columns: Sequence[Column], asked: TaskChoice) -> Target:
    """Return what the target columns are for the task that is asked for."""
    if len(columns) > 1:
        return _several(table, columns, asked)
    (column,) = columns
    if not column.is_text:
        distinct = np.unique(column.values[~np.isnan(column.values)])
        wide = len(distinct) > MAX_AUTO or not np.equal(distinct, np.round(distinct)).all()
        if _is_regression(asked, wide):
            return Target("regression", column.values[:, None], (), columns)
        if len(distinct) and np.abs(distinct[[0, -1]]).max() < LARGE:
            return _classes(table, column, *_spell(column, distinct))
        (column,) = table.columns([column.position], Kinds(text=[column.position]))  # as text: every digit counts
    task = choose_task(column.texts, asked)
    if task == "regression":
        _refuse_text(table, column)
        return Target("regression", _numbers(column)[:, None], (), columns)
    if asked == "auto" and len(column.texts) > max(MAX_AUTO, len(column) // 2):
        raise DataError(
            f"{table.path}: the target column holds {len(column.texts)} different texts; set target to the right one"
        )
    return _classes(table, column, list(column.texts), column.values)


def _is_regression(asked: TaskChoice, wide: bool) -> bool:
    return wide if asked == "auto" else asked == "regression"


def _several(table: Table, columns: Sequence[Column], asked: TaskChoice) -> Target:
    """Return several columns of numbers as targets, of 0 and 1 as labels."""
    for column in columns:
        if column.is_text:
            _refuse_text(table, column)
    y = np.stack([column.values for column in columns], axis=1)
    binary = bool((np.isnan(y) | (y == 0) | (y == 1)).all())
    task: TaskChoice = ("multilabel" if binary else "regression") if asked == "auto" else asked
    if task == "classification":
        raise DataError(f"{table.path}: classes are one column, got {len(columns)} targets")
    if task == "multilabel" and not binary:
        raise DataError(f"{table.path}: labels are 0 or 1, got values from {np.nanmin(y)} to {np.nanmax(y)}")
    return Target(task, y, (), columns)


def _classes(table: Table, column: Column, texts: Sequence[str], codes: Array) -> Target:
    y, names = name_classes(texts, np.maximum(codes, 0), str(table.path))
    return Target("classification", y, names, [column])


def _spell(column: Column, distinct: Array) -> tuple[list[str], Array]:
    """Return distinct numbers as text, and the index among them of each row's; 0 where missing."""
    texts = [str(int(value)) if float(value).is_integer() else repr(float(value)) for value in distinct]
    return texts, np.minimum(np.searchsorted(distinct, column.values), len(distinct) - 1)


def _numbers(column: Column) -> Array:
    return np.array([*map(float, column.texts), np.nan])[column.values]


def _refuse_text(table: Table, column: Column) -> None:
    """Raise the DataError of the first value that is no number."""
    table.columns([column.position], Kinds(number=[column.position]))
