"""Arrays in an npz archive as data.

Knows nothing of splits or scaling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import MinLen

from nntrain.core.types import Array
from nntrain.data.dataset import Raw
from nntrain.data.formats.array_checks import inputs, numbers
from nntrain.data.formats.npy import Npz
from nntrain.data.formats.signatures import member_of
from nntrain.data.row_facts import RowFacts
from nntrain.data.sources.base import SOURCES, Reader, Source, enter
from nntrain.data.sources.pairs import Pair, TaskOfArrays, no_targets, raw_of
from nntrain.data.tables.row_columns import NO_COLUMNS, ROW_KEYS, RowColumns
from nntrain.data.text import choices
from nntrain.errors import DataError

Name = Annotated[str, MinLen(1)]


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class NpzFile:
    """Arrays X (n, …) and y (n,) or (n, k) of an npz archive, with X_test and y_test where it has them.

    A model that gives back its inputs needs no y: ``y: null``.
    ``task: auto`` takes text, booleans, integers, or up to 20 different whole numbers, for classes; several columns of
    integers 0 and 1 for labels; anything else for regression.
    """

    kind: Literal["npz"] = "npz"
    path: Path
    X: Name = "X"
    y: Name | None = "y"
    X_test: Name = "X_test"
    y_test: Name = "y_test"
    task: TaskOfArrays = "auto"
    formula: ClassVar[str] = "X (n, …) flattened to (n, d), y (n,) or (n, k)"

    @property
    def no_target(self) -> str:
        """The key that says what a model is to predict, if it says that there is nothing; else nothing."""
        return "y" if self.y is None else ""

    def load(self, seed: int) -> Raw:
        """Return inputs in their stored type, native and C-contiguous."""
        return self.load_with(seed, NO_COLUMNS)

    def load_with(self, seed: int, columns: RowColumns) -> Raw:
        """Return the same, with what arrays (n,) of the archive with these names say of the rows."""
        archive = Npz(self.path)
        names = (self.X_test, None if self.y is None else self.y_test)
        usual = (self.X_test, self.y_test) == ("X_test", "y_test")
        absent = usual and not archive.members.keys() & set(names)
        test = None if absent else self._pair(archive, *names)
        raw = raw_of(self._pair(archive, self.X, self.y), test, asked=self.task)
        groups, order, weights = (self._values(archive, key, columns, len(raw.train)) for key in ROW_KEYS)
        notes = raw.notes
        if weights is not None and raw.test is not None:
            notes = (*notes, f"{self.path}: each test row counts 1 in the cost: {columns.weights} is of the others")
        facts = RowFacts(None if groups is None else np.unique(groups, return_inverse=True)[1], order)
        return replace(raw, train=replace(raw.train, weights=weights), facts=facts, notes=notes)

    def _values(self, archive: Npz, key: str, columns: RowColumns, n: int) -> Array | None:
        """Return the values (n,) of the array that a key names: of groups as they are, else numbers."""
        name = columns.keys.get(key)
        if name is None:
            return None
        if str(name) not in archive.members:
            raise DataError(f"{key}: {self.path}: no array '{name}'{choices(str(name), tuple(archive.members))}")
        values = archive.read(str(name))
        if values.shape != (n,):
            raise DataError(f"{key}: {self.path}: {name} has shape {values.shape}, expected ({n},)")
        if key == "data.groups":
            return values
        found = numbers(values, f"{key}: {self.path}: {name}")
        if key == "data.sample_weight" and (found < 0).any():
            raise DataError(f"{self.path}: {name}[{(found < 0).argmax()}]: a weight is at least 0, got {found.min():g}")
        return found

    def _pair(self, archive: Npz, X_name: str, y_name: str | None) -> Pair:
        for name in filter(None, (X_name, y_name)):
            if name not in archive.members:
                hint = "; data.source.y: null is for an autoencoder" if name == y_name == "y" else ""
                raise DataError(f"{self.path}: no array '{name}'{choices(name, tuple(archive.members))}{hint}")
        X = inputs(archive.read(X_name), f"{self.path}: {X_name}")
        y = no_targets(X) if y_name is None else archive.read(y_name)
        return Pair(X.reshape(len(X), -1), y, X.shape, f"{self.path}: ", X_name, y_name or "no y")


def _read_inputs(path: Path) -> Array:
    archive = Npz(path)
    if "X" not in archive.members:
        raise DataError(f"{path}: no array 'X'{choices('X', tuple(archive.members))}")
    return inputs(archive.read("X"), f"{path}: X")


def _as_trained(path: Path, targets: Sequence[str] | None, own: Source | None) -> Source:
    """Return the source of an archive with the names of arrays of the run, if it is one."""
    settings = replace(own, path=path) if isinstance(own, NpzFile) else NpzFile(path=path)
    if targets is None:
        return replace(settings, y=None)
    if len(targets) > 1:
        raise DataError(f"{path}: the targets are one array of the archive, got {len(targets)}")
    return replace(settings, y=targets[0]) if targets else settings


enter(
    Reader(
        "npz",
        "an npz archive of arrays",
        _read_inputs,
        suffixes=(".npz",),
        recognises=lambda head: member_of(head).endswith(b".npy"),
        source=_as_trained,
    )
)
