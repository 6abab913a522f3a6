"""What a trained model takes and predicts, as columns of a table: their names, kinds, and what they go through.

Knows nothing of how a table is stored.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from nntrain.core.types import DType, Task
from nntrain.data.tables.column_names import find_columns, has_all, list_names, place_of_names
from nntrain.data.tables.columns import Kinds, Table
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.data.transforms.transform import Transform
from nntrain.errors import DataError


@dataclass(frozen=True, slots=True)
class FoundFeatures:
    """Positions of a model's features in a table, of its targets (() if they were not looked for); the other names."""

    features: tuple[int, ...]
    targets: tuple[int, ...] = ()
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class WantedColumns:
    """What a model takes: its columns by name (() if they have none) and number, and what they go through.

    ``targets`` are the names of what it predicts: where nothing is scored, such columns are passed over. ``task`` and
    ``class_names`` (() in regression) say as what the targets were learned, ``target_scaler`` how they were scaled.
    ``aside`` are other columns that have a use, so that nobody is told that they have none.
    ``table`` has the names of all columns of the table that it was trained on, in order, () if that is not known.
    """

    n_features: int
    transform: Transform
    dtype: DType
    names: Sequence[str] = ()
    targets: Sequence[str] = ()
    task: Task = "classification"
    class_names: Sequence[str] = ()
    n_targets: int | None = None  # None: they are not looked at
    target_scaler: TargetScaler = field(default_factory=TargetScaler.identity)
    table: Sequence[str] = ()
    aside: Sequence[str] = ()

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that a table has, before texts become one-hot."""
        return self.transform.encoder.names if self.transform.encoder else self.names

    @property
    def width(self) -> int:
        """Number of these columns."""
        return self.transform.n_columns or self.n_features

    def kinds(self, positions: Sequence[int]) -> Kinds:
        """Return which of the model's columns, at these positions of a table, hold texts and which numbers."""
        known = self.transform.encoder.categories or [()] * len(positions)
        texts = [p for p, texts in zip(positions, known, strict=False) if texts]
        return Kinds(text=texts, number=[p for p in positions if p not in texts])

    def places(self, width: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Return where features and targets stand in a table without names that is as wide as that of training."""
        if not self.columns or width != len(self.table) or len(set(self.table)) < width:
            return None
        at = {name: position for position, name in enumerate(self.table)}
        if not {*self.columns, *self.targets} <= at.keys():
            return None
        return tuple(at[name] for name in self.columns), tuple(at[name] for name in self.targets)

    def is_header(self, first: Sequence[str]) -> bool:
        """Return whether the first row of a table names all columns of the model, whatever stands below."""
        return bool(self.columns) and has_all(self.columns, first)

    def fits(self, table: Table) -> bool:
        """Return whether a table has the model's columns: by name if it has names, else as many."""
        if self.columns and table.names:
            return has_all(self.columns, table.names)
        return table.width == self.width

    def find(self, table: Table, targets: Sequence[str] = ()) -> FoundFeatures:
        """Return where the model's columns are: by name if both sides have names, else all others in order.

        ``targets`` are to be found as well. DataError for what is missing or does not fit.
        """
        names = self.columns
        if not names or not table.names:
            return self._in_order(table)
        found = find_columns([*names, *targets], table.names, place_of_names(table), self.targets)
        features, rest = found.positions[: len(names)], found.positions[len(names) :]
        return FoundFeatures(features, rest, found.others, found.notes)

    def _in_order(self, table: Table) -> FoundFeatures:
        if table.width != self.width:
            hint = "; leave the target column out" if table.width == self.width + 1 else ""
            raise DataError(f"{table.path}: {table.width} features, the model takes {self.width}{hint}")
        note = f"{table.path}: the model's columns have no names, so those of the file are taken in order"
        return FoundFeatures(tuple(range(table.width)), notes=(note,) if table.names else ())

    def describe_others(self, others: Sequence[str], known: Collection[str], where: str) -> list[str]:
        """Return a note on columns that are not used, if there are any but those whose use is ``known``."""
        known = {*known, *self.aside}
        targets = [name for name in others if name in self.targets and name not in known]
        strange = [name for name in others if name not in self.targets and name not in known]
        parts = [f"not used: {list_names(strange)}"] if strange else []
        if targets:
            parts.append(f"passed over, since the model predicts {'it' if len(targets) == 1 else 'them'}: ")
            parts[-1] += list_names(targets)
        return [f"{where}: {'; '.join(parts)}"] if parts else []
