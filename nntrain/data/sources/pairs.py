"""Inputs and targets that are arrays already, made examples.

Knows nothing of where the arrays come from.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.array_checks import numbers
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.tables.labels import MAX_AUTO, ONE_COLUMN, is_one_hot, labels_of, one_hot_note, rename
from nntrain.errors import DataError

TaskOfArrays: TypeAlias = Literal["auto", "classification", "multilabel", "regression"]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Inputs (n, d), once of another ``shape`` perhaps; targets as stored, (n, 0) for none; texts for messages."""

    X: Array | OnDisk
    y: Array
    shape: tuple[int, ...]
    where: str
    X_name: str
    y_name: str

    def __post_init__(self) -> None:
        if self.y.ndim == 0 or len(self.X) != len(self.y):
            both = f"{self.X_name} {self.shape} and {self.y_name} {self.y.shape}"
            raise DataError(f"{self.where}{both} differ in their number of rows")


def no_targets(X: Array | OnDisk) -> Array:
    """Return the targets (n, 0) of inputs that have none."""
    return np.empty((len(X), 0))


def raw_of(train: Pair, test: Pair | None, *, asked: TaskOfArrays) -> Raw:
    """Return the data of arrays; DataError when targets do not suit the task, or the test arrays the others.

    ``auto`` takes text, booleans, integers, or up to 20 different whole numbers, for classes, and so columns of 0 and 1
    with exactly one 1 in each row; other columns of integers 0 and 1 for labels; anything else for regression.
    """
    task: Task = asked if asked != "auto" else _task_of(train.y)
    if train.y.shape[1:] == (0,):
        task = "regression"  # of no target
    part, names = _part(train, task)
    tested = None if test is None else _test(test, train, part, names, task)
    image = train.shape[1:] if len(train.shape) > 2 else None
    taken = asked == "auto" and task == "classification" and train.y.size != len(train.y)
    notes = (one_hot_note(f"{train.where}{train.y_name}", names),) if taken else ()
    return Raw(part, tested, task, names, image_shape=image, notes=notes)


def _part(pair: Pair, task: Task) -> tuple[Part, tuple[str, ...]]:
    y, where = pair.y, f"{pair.where}{pair.y_name}"
    if y.shape[1:] == (0,):
        return Part(pair.X, y), ()
    if task == "classification":
        if y.size != len(y):
            flat = y.reshape(len(y), -1)
            if flat.dtype.kind not in "biuf" or not is_one_hot(flat):
                raise DataError(f"{where}: {ONE_COLUMN}, got shape {y.shape}")
            return Part(pair.X, flat.argmax(axis=1)), tuple(map(str, range(flat.shape[1])))
        indices, names = labels_of(y.reshape(-1), where)
        return Part(pair.X, indices), names
    targets = numbers(y.reshape(len(y), -1), where)
    if task == "multilabel" and not np.isin(targets, (0, 1)).all():
        raise DataError(f"{where}: labels are 0 or 1, got values from {targets.min()} to {targets.max()}")
    return Part(pair.X, targets), ()


def _test(test: Pair, train: Pair, trained: Part, known: tuple[str, ...], task: Task) -> Part:
    if test.shape[1:] != train.shape[1:]:
        raise DataError(f"{test.where}{test.X_name} has rows of {test.shape[1:]}, {train.X_name} of {train.shape[1:]}")
    part, found = _part(test, task)
    if part.y.shape[1:] != trained.y.shape[1:]:
        raise DataError(
            f"{test.where}{test.y_name} {test.y.shape} and {train.y_name} differ in their number of columns"
        )
    return rename(part, found, known, lambda _: f"{test.where}{test.y_name}")


def _task_of(y: Array) -> Task:
    """Return what targets of this type and shape are taken for."""
    columns = y.size // max(len(y), 1)
    if columns > 1:
        if y.dtype.kind in "biuf" and is_one_hot(y.reshape(len(y), -1)):
            return "classification"
        return "multilabel" if y.dtype.kind in "biu" and np.isin(y, (0, 1)).all() else "regression"
    if y.dtype.kind != "f":
        return "classification"
    distinct = np.unique(y)
    few_wholes = len(distinct) <= MAX_AUTO and bool((distinct == np.round(distinct)).all())
    return "classification" if few_wholes else "regression"
