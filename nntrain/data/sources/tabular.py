"""What all tables have in common as data: which column is for what, gaps, classes, and how rows are divided.

Knows nothing of how a table is stored.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Self, cast

from nntrain.core.fields import ONE_OR_MANY, Real, Whole
from nntrain.core.types import Task
from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.gaps import Words
from nntrain.data.sources.base import check_kind
from nntrain.data.tables.column_names import find_columns, list_names, place_of_names
from nntrain.data.tables.columns import Kinds, Table, position_of
from nntrain.data.tables.labels import TaskChoice, match_undotted, rename
from nntrain.data.tables.row_columns import NO_COLUMNS, ROW_KEYS, ColumnName, RowColumns
from nntrain.data.tables.table_notes import GapHints, describe_table
from nntrain.data.tables.targets import Target, read_target
from nntrain.data.tables.used_rows import Missing, Roles, UsedRows
from nntrain.errors import DataError

Word = str | Whole | Real  # a text, or number, that means "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """The settings of every table: see ``Csv``."""

    kind: str = ""
    path: Path
    target: ColumnName | tuple[ColumnName, ...] | None = None
    ignore: Annotated[tuple[ColumnName, ...], ONE_OR_MANY] = ()
    text: Annotated[tuple[ColumnName, ...], ONE_OR_MANY] = ()
    missing: Missing = "error"
    na: tuple[Word, ...] | dict[str, tuple[Word, ...]] | None = None
    task: TaskChoice = "auto"
    split: ColumnName | None = None
    key: ColumnName | None = None
    test: Path | None = None
    usual_target: ClassVar[ColumnName] = -1

    def settle_target(self, *, predicts: bool) -> Self:
        """Return the source with its usual target if it names none; without any where the model predicts none."""
        return self if self.target is not None else replace(self, target=self.usual_target if predicts else ())

    @property
    def targets(self) -> tuple[ColumnName, ...]:
        """The target columns, () for a model that gives back its inputs."""
        target = self.usual_target if self.target is None else self.target
        return target if isinstance(target, tuple) else (target,)

    @property
    def no_target(self) -> str:
        """The key that says what a model is to predict, if it says that there is nothing; else nothing."""
        return "target" if self.target == () else ""

    @property
    def words(self) -> Words | Mapping[str, Words] | None:
        """The texts that stand for a missing value, of all columns or by name; None: the usual ones."""
        if isinstance(self.na, dict):
            return {name: tuple(map(str, words)) for name, words in self.na.items()}
        return None if self.na is None else tuple(map(str, self.na))

    @abstractmethod
    def open(self, path: Path, like: Table | None) -> Table:
        """Return the table in a file, one with the same columns as ``like``."""

    def open_for(self, path: Path, names: Sequence[str]) -> Table:
        """Return the table in a file for a model whose columns have these names."""
        return self.open(path, None)

    def load(self, seed: int) -> Raw:
        """Return features as float64, texts as indices into lists of them; classes as indices or targets as numbers."""
        return self.load_with(seed, NO_COLUMNS)

    def load_with(self, seed: int, columns: RowColumns) -> Raw:
        """Return the same, with what these columns say of the rows."""
        check_kind(self.path, self.kind)
        table = self.open(self.path, None)
        roles = self.roles(table, columns)
        return self.load_roles(seed, table, roles, Kinds(roles.text, (), roles.targets))

    def load_roles(self, seed: int, table: Table, roles: Roles, kinds: Kinds, notes: Sequence[str] = ()) -> Raw:
        """Return the same of an open table, its columns of these roles and kinds; ``notes`` go before others."""
        rows = UsedRows.read(table, roles, self.missing, kinds)
        target = read_target(table, rows.targets, self.task, len(rows.kept))
        texts = [column.texts for column in rows.features]
        train, test = replace(target.part(rows.inputs(texts), rows.kept), weights=rows.weights), None
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
            facts=rows.facts,
            notes=tuple(notes),
            columns=names,
        )

    def roles(self, table: Table, columns: RowColumns = NO_COLUMNS) -> Roles:
        """Return what each column is for; DataError for a column that is not there, or is to be two things.

        ``columns`` say something of the rows, and are no features.
        """
        targets = tuple(position_of(column, table) for column in self.targets)
        ignored, text = (tuple(position_of(column, table) for column in some) for some in (self.ignore, self.text))
        split, key = (None if column is None else position_of(column, table) for column in (self.split, self.key))
        of_rows = {key: position_of(column, table) for key, column in columns.keys.items()}
        taken = {"ignored": ignored, "split by": (split,), "the key": (key,)}
        taken |= {name: (position,) for name, position in of_rows.items()}
        for column, position in zip(self.targets, targets, strict=True):
            for what, positions in taken.items():
                if position in positions:
                    raise DataError(f"{self.path}: the target column cannot be {what} as well, got {column!r}")
            if targets.count(position) > 1:
                raise DataError(f"{self.path}: a column can be a target once only, got {column!r}")
        if split is not None and key is not None:
            raise DataError(f"{self.path}: rows are divided by `split` or by `key`, not both")
        used: dict[int | None, str] = {split: "split", key: "key"}
        for name, position in of_rows.items():
            if position in used and position is not None:
                raise DataError(f"{self.path}: column {position} cannot be both {used[position]} and {name}")
            used[position] = name
        taken_out = table.left_out.keys() - set(text)
        features = [p for p in range(table.width) if p not in {*targets, *ignored, *taken_out, *used}]
        if not features:
            alone = "; commas, semicolons, tabs, bars or blanks part the values of a table" if table.width == 1 else ""
            raise DataError(f"{self.path}: no feature columns are left of {table.width}{alone}")
        return Roles(targets, tuple(features), text, split, key, *(of_rows.get(name) for name in ROW_KEYS))

    def open_test(self, path: Path, train: Table, roles: Roles) -> tuple[Table, Roles, Sequence[str]]:
        """Return the file to test on, the roles of its columns, by name if both files have names, and notes."""
        check_kind(path, self.kind)
        roles = replace(roles, split=None, key=None, groups=None, order=None)
        table = self.open(path, None) if train.names else None
        if table is None or not table.names or table.names == train.names:
            return self.open(path, train), roles, ()
        wanted = [train.names[position] for position in (*roles.targets, *roles.features)]
        found = find_columns(wanted, table.names, place_of_names(table))
        n, others = len(roles.targets), [name for name in found.others if name not in train.names]
        notes = [*found.notes, *([f"{path}: not used: {list_names(others)}"] if others else [])]
        weights = None
        if roles.weights is not None:
            weights = position_of(train.names[roles.weights], table)
        return table, replace(roles, targets=found.positions[:n], features=found.positions[n:], weights=weights), notes

    def _test(
        self, table: Table, roles: Roles, train: UsedRows, target: Target
    ) -> tuple[Part, list[tuple[str, ...]], list[str]]:
        """Return the test part, the texts of both files, and notes; ``roles`` are those of the columns there."""
        kinds = [(there, ours.is_text) for there, ours in zip(roles.features, train.features, strict=True)]
        text, number = ([p for p, is_text in kinds if is_text is wanted] for wanted in (True, False))
        rows = UsedRows.read(table, roles, self.missing, Kinds(text, number, roles.targets))
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
        part = replace(part, weights=rows.weights)
        return part, texts, [*table.notes, *rows.notes(table.path), *(dots if names != theirs.class_names else [])]
