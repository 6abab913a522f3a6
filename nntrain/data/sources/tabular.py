"""What all tables have in common as data: which column is for what, gaps, classes, and how rows are divided.

Knows nothing of how a table is stored.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import numpy as np
from annotated_types import MinLen

from nntrain.core.fields import ONE_OR_MANY, Real, Whole
from nntrain.core.types import Array, Task
from nntrain.data.dataset import SPLITS, Part, Raw
from nntrain.data.formats.gaps import Words
from nntrain.data.sources.base import check_kind
from nntrain.data.split import draw
from nntrain.data.tables.column_names import find_columns, list_names, place_of_names
from nntrain.data.tables.columns import Column, Kinds, Table, position_of, side_by_side
from nntrain.data.tables.labels import TaskChoice, match_undotted, rename
from nntrain.data.tables.table_notes import GapHints, describe_table
from nntrain.data.tables.targets import Target, read_target
from nntrain.data.text import quoted
from nntrain.errors import DataError

ColumnName = Annotated[str, MinLen(1)] | Whole  # a name from the header, or a position: 0 is the first, -1 the last
Word = str | Whole | Real  # a text, or number, that means "missing"
Missing = Literal["error", "mean", "drop"]
PART_NAMES = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "dev": 1, "test": 2, "testing": 2}


@dataclass(frozen=True, slots=True)
class Roles:
    """Positions of columns by what they are for."""

    targets: tuple[int, ...]
    features: tuple[int, ...]
    text: tuple[int, ...]
    split: int | None
    key: int | None

    @property
    def kept(self) -> set[int]:
        """The positions that are to be read."""
        return {p for p in (*self.targets, *self.features, self.split, self.key) if p is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """The settings of every table: see ``Csv``."""

    kind: str = ""
    path: Path
    target: ColumnName | Annotated[tuple[ColumnName, ...], MinLen(1)] = -1
    ignore: Annotated[tuple[ColumnName, ...], ONE_OR_MANY] = ()
    text: Annotated[tuple[ColumnName, ...], ONE_OR_MANY] = ()
    missing: Missing = "error"
    na: tuple[Word, ...] | dict[str, tuple[Word, ...]] | None = None
    task: TaskChoice = "auto"
    split: ColumnName | None = None
    key: ColumnName | None = None
    test: Path | None = None

    @property
    def words(self) -> Words | Mapping[str, Words] | None:
        """The texts that stand for a missing value, of all columns or by name; None: the usual ones."""
        if isinstance(self.na, dict):
            return {name: tuple(map(str, words)) for name, words in self.na.items()}
        return None if self.na is None else tuple(map(str, self.na))

    @abstractmethod
    def open(self, path: Path, like: Table | None) -> Table:
        """Return the table in a file, one with the same columns as ``like``."""

    def load(self, seed: int) -> Raw:
        """Return features as float64, texts as indices into lists of them; classes as indices or targets as numbers."""
        check_kind(self.path, self.kind)
        table = self.open(self.path, None)
        roles = self.roles(table)
        return self.load_roles(seed, table, roles, Kinds(roles.text, (), roles.targets))

    def load_roles(self, seed: int, table: Table, roles: Roles, kinds: Kinds, notes: Sequence[str] = ()) -> Raw:
        """Return the same of an open table, its columns of these roles and kinds; ``notes`` go before others."""
        rows = _Rows.read(table, roles, self.missing, kinds)
        target = read_target(table, rows.targets, self.task, len(rows.kept))
        texts = [column.texts for column in rows.features]
        train, test = target.part(rows.inputs(texts), rows.kept), None
        hints = GapHints().add([*rows.features, *rows.targets])
        notes = [*notes, *describe_table(table, roles.kept, hints), *target.notes]
        notes += rows.notes(self.path)
        if self.test is not None:
            other, there, more = self.open_test(self.test, table, roles)
            test, texts, told = self._test(other, there, rows, target)
            notes += [*more, *told]
        names = table.names
        return Raw(
            train,
            test,
            cast(Task, target.task),
            target.class_names,
            tuple(names[column] for column in roles.features) if names else (),
            tuple(names[column] for column in roles.targets) if names else (),
            texts=tuple(texts),
            fills=self.missing == "mean",
            sides=rows.sides(table),
            draws=rows.draws(seed),
            notes=tuple(notes),
        )

    def roles(self, table: Table) -> Roles:
        """Return what each column is for; DataError for a column that is not there, or is to be two things."""
        targets = tuple(position_of(column, table) for column in _many(self.target))
        ignored, text = (tuple(position_of(column, table) for column in some) for some in (self.ignore, self.text))
        split, key = (None if column is None else position_of(column, table) for column in (self.split, self.key))
        taken = {"ignored": ignored, "split by": (split,), "the key": (key,)}
        for column, position in zip(_many(self.target), targets, strict=True):
            for what, positions in taken.items():
                if position in positions:
                    raise DataError(f"{self.path}: the target column cannot be {what} as well, got {column!r}")
            if targets.count(position) > 1:
                raise DataError(f"{self.path}: a column can be a target once only, got {column!r}")
        if split is not None and key is not None:
            raise DataError(f"{self.path}: rows are divided by `split` or by `key`, not both")
        taken_out = table.left_out.keys() - set(text)
        features = [p for p in range(table.width) if p not in {*targets, *ignored, *taken_out, split, key}]
        if not features:
            raise DataError(f"{self.path}: no feature columns are left of {table.width}")
        return Roles(targets, tuple(features), text, split, key)

    def open_test(self, path: Path, train: Table, roles: Roles) -> tuple[Table, Roles, Sequence[str]]:
        """Return the file to test on, the roles of its columns, by name if both files have names, and notes."""
        check_kind(path, self.kind)
        roles = replace(roles, split=None, key=None)
        table = self.open(path, None) if train.names else None
        if table is None or not table.names or table.names == train.names:
            return self.open(path, train), roles, ()
        wanted = [train.names[position] for position in (*roles.targets, *roles.features)]
        found = find_columns(wanted, table.names, place_of_names(table))
        n, others = len(roles.targets), [name for name in found.others if name not in train.names]
        notes = [*found.notes, *([f"{path}: not used: {list_names(others)}"] if others else [])]
        return table, replace(roles, targets=found.positions[:n], features=found.positions[n:]), notes

    def _test(
        self, table: Table, roles: Roles, train: "_Rows", target: Target
    ) -> tuple[Part, list[tuple[str, ...]], list[str]]:
        """Return the test part, the texts of both files, and notes; ``roles`` are those of the columns there."""
        kinds = [(there, ours.is_text) for there, ours in zip(roles.features, train.features, strict=True)]
        text, number = ([p for p, is_text in kinds if is_text is wanted] for wanted in (True, False))
        rows = _Rows.read(table, roles, self.missing, Kinds(text, number, roles.targets))
        texts = [
            tuple(dict.fromkeys((*ours.texts, *theirs.texts)))
            for ours, theirs in zip(train.features, rows.features, strict=True)
        ]
        theirs = read_target(table, rows.targets, target.task, len(rows.kept))
        names = match_undotted(theirs.class_names, target.class_names)
        spelled = dict(zip(names, theirs.class_names, strict=True))
        part = rename(
            theirs.part(rows.inputs(texts), rows.kept),
            names,
            target.class_names,
            lambda name: table.locate(theirs.first_row(spelled[name]), roles.targets[0])[0],
        )
        dots = [f"{table.path}: class names end with a dot that those of {self.path} have not; taken for the same"]
        return part, texts, [*table.notes, *rows.notes(table.path), *(dots if names != theirs.class_names else [])]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The columns of one file by role, and which of its rows are kept: (n,) bool."""

    targets: Sequence[Column]
    features: Sequence[Column]
    split: Column | None
    key: Column | None
    kept: Array

    @classmethod
    def read(cls, table: Table, roles: Roles, missing: Missing, kinds: Kinds) -> "_Rows":
        """Read a table; DataError for what is missing unless the setting takes it."""
        dividing = {position for position in (roles.split, roles.key) if position is not None}
        kinds = replace(kinds, text={*kinds.text, *dividing})
        columns = {column.position: column for column in table.columns(roles.kept, kinds)}
        targets, features = ([columns[p] for p in positions] for positions in (roles.targets, roles.features))
        gaps = _find_gaps(table, targets, features, missing)
        if gaps.all():
            raise DataError(f"{table.path}: every row has a missing value")
        split, key = (None if p is None else columns[p] for p in (roles.split, roles.key))
        return cls(targets, features, split, key, ~gaps)

    def inputs(self, texts: Sequence[Sequence[str]]) -> Array:
        """Return the features of the rows that are kept, (n, k) float64, texts as indices into these."""
        X = side_by_side(self.features, texts)
        return X if self.kept.all() else X[self.kept]

    def notes(self, path: Path) -> list[str]:
        """Tell how many rows are left out."""
        dropped = int(len(self.kept) - self.kept.sum())
        return [f"{path}: {dropped} of {len(self.kept)} rows left out, with a missing value each"] if dropped else []

    def sides(self, table: Table) -> Array | None:
        """Return the index in (train, validation, test) of the part that each row is in, as the split column says."""
        if self.split is None:
            return None
        found = [PART_NAMES.get(text.lower(), -1) for text in self.split.texts] + [-1]
        sides: Array = np.array(found, np.int64)[self.split.values]
        if (sides < 0).any():
            place, value = table.locate(int((sides < 0).argmax()), self.split.position)
            raise DataError(f"{place}: names no part of the data, got {quoted(value)}; (one of {', '.join(SPLITS)})")
        return np.asarray(sides[self.kept])

    def draws(self, seed: int) -> Array | None:
        """Return a number in [0, 1) for each row, a function of its key and the seed."""
        if self.key is None:
            return None
        numbers: Array = np.array([draw(key, seed) for key in (*self.key.texts, "")])[self.key.values]
        return numbers[self.kept]


def _find_gaps(table: Table, targets: Sequence[Column], features: Sequence[Column], missing: Missing) -> Array:
    """Return the rows to leave out, (n,) bool; DataError for a missing value that the setting does not take."""
    if missing == "drop":
        return np.asarray(np.logical_or.reduce([column.gaps for column in (*targets, *features)]))
    _refuse_first(table, targets, features if missing == "error" else ())  # mean fills in features, never a target
    return np.zeros(len([*targets, *features][0]), bool)


def _refuse_first(table: Table, targets: Sequence[Column], features: Sequence[Column]) -> None:
    """Raise DataError for the first missing value among these columns, with what to do about it."""
    incomplete = [column for column in (*targets, *features) if column.missing]
    if not incomplete:
        return
    row, position = min((int(column.gaps.argmax()), column.position) for column in incomplete)
    place, value = table.locate(row, position)
    hint = "set data.source.missing to mean or drop"
    if any(column.position == position for column in targets):
        is_class = f", or data.source.na to [] if {quoted(value)} is a class" if value.isalpha() else ""
        hint = f"a target cannot be filled in; set data.source.missing to drop{is_class}"
    raise DataError(f"{place}: missing value, got {quoted(value)}; {hint}")


def _many(target: Any) -> tuple[Any, ...]:
    return target if isinstance(target, tuple) else (target,)
