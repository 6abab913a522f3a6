"""Arrays in an npz archive as data.

Knows nothing of splits or scaling.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import MinLen

from nntrain.core.types import Array, Task
from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.arrays import inputs, numbers
from nntrain.data.formats.npy import Npz
from nntrain.data.labels import MAX_AUTO, labels_of, rename
from nntrain.data.sources.base import SOURCES
from nntrain.data.wording import listed
from nntrain.errors import DataError

Name = Annotated[str, MinLen(1)]


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class NpzFile:
    """Arrays X (n, …) and y (n,) or (n, k) of an npz archive, with X_test and y_test where it has them.

    ``task: auto`` takes text, booleans, integers, or up to 20 different whole numbers, for classes; several columns of
    integers 0 and 1 for labels; anything else for regression.
    """

    kind: Literal["npz"] = "npz"
    path: Path
    X: Name = "X"
    y: Name = "y"
    X_test: Name = "X_test"
    y_test: Name = "y_test"
    task: Literal["auto", "classification", "multilabel", "regression"] = "auto"
    formula: ClassVar[str] = "X (n, …) flattened to (n, d), y (n,) or (n, k)"

    def load(self, seed: int) -> Raw:
        """Return inputs in their stored type, native and C-contiguous."""
        archive = Npz(self.path)
        X, y = self._pair(archive, self.X, self.y)
        task = _task_of(y) if self.task == "auto" else self.task
        train, names = self._part(X, y, self.y, task)
        test = self._test(archive, X.shape[1:], train, names, task)
        return Raw(train, test, task, names, image_shape=X.shape[1:] if X.ndim > 2 else None)

    def _pair(self, archive: Npz, X_name: str, y_name: str) -> tuple[Array, Array]:
        for name in (X_name, y_name):
            if name not in archive.members:
                raise DataError(f"{self.path}: no array '{name}'{listed(name, tuple(archive.members))}")
        X, y = inputs(archive.read(X_name), f"{self.path}: {X_name}"), archive.read(y_name)
        if y.ndim == 0 or len(X) != len(y):
            raise DataError(f"{self.path}: {X_name} {X.shape} and {y_name} {y.shape} differ in their number of rows")
        return X, y

    def _part(self, X: Array, y: Array, name: str, task: Task) -> tuple[Part, tuple[str, ...]]:
        where = f"{self.path}: {name}"
        flat = X.reshape(len(X), -1)
        if task == "classification":
            if y.size != len(y):
                raise DataError(f"{where}: classes are one column, got shape {y.shape}")
            indices, names = labels_of(y.reshape(-1), where)
            return Part(flat, indices), names
        targets = numbers(y.reshape(len(y), -1), where)
        if task == "multilabel" and not np.isin(targets, (0, 1)).all():
            raise DataError(f"{where}: labels are 0 or 1, got values from {targets.min()} to {targets.max()}")
        return Part(flat, targets), ()

    def _test(
        self, archive: Npz, shape: tuple[int, ...], train: Part, known: tuple[str, ...], task: Task
    ) -> Part | None:
        names = (self.X_test, self.y_test)
        if names == ("X_test", "y_test") and not archive.members.keys() & set(names):
            return None
        X, y = self._pair(archive, *names)
        if X.shape[1:] != shape:
            raise DataError(f"{self.path}: {self.X_test} has rows of {X.shape[1:]}, {self.X} of {shape}")
        part, found = self._part(X, y, self.y_test, task)
        if part.y.shape[1:] != train.y.shape[1:]:
            raise DataError(f"{self.path}: {self.y_test} {y.shape} and {self.y} differ in their number of columns")
        return rename(part, found, known, lambda _: f"{self.path}: {self.y_test}")


def _task_of(y: Array) -> Task:
    """Return what targets of this type and shape are taken for."""
    columns = y.size // max(len(y), 1)
    if columns > 1:
        return "multilabel" if y.dtype.kind in "biu" and np.isin(y, (0, 1)).all() else "regression"
    if y.dtype.kind != "f":
        return "classification"
    distinct = np.unique(y)
    few_wholes = len(distinct) <= MAX_AUTO and bool((distinct == np.round(distinct)).all())
    return "classification" if few_wholes else "regression"
