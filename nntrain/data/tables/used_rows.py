"""The rows of a table that are used, by what each column is for: which have gaps, and which part each belongs to.

Knows nothing of how a table is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import SPLITS
from nntrain.data.row_facts import RowFacts
from nntrain.data.split import draw
from nntrain.data.tables.columns import Column, Kinds, Table, side_by_side
from nntrain.data.tables.row_columns import moments_of, weights_of
from nntrain.data.text import quoted
from nntrain.errors import DataError

Missing = Literal["error", "mean", "drop"]
PART_NAMES = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "dev": 1, "test": 2, "testing": 2}


@dataclass(frozen=True, slots=True)
class Roles:
    """Positions of columns by what they are for."""

    targets: tuple[int, ...]
    features: tuple[int, ...]
    text: tuple[int, ...]
    split: int | None = None
    key: int | None = None
    groups: int | None = None
    order: int | None = None
    weights: int | None = None

    @property
    def kept(self) -> set[int]:
        """The positions that are to be read."""
        return {*self.targets, *self.features, *self.of_rows}

    @property
    def of_rows(self) -> set[int]:
        """The positions of columns that say something of rows and are no features."""
        return {p for p in (self.split, self.key, self.groups, self.order, self.weights) if p is not None}


@dataclass(frozen=True, slots=True, eq=False)
class UsedRows:
    """The columns of one file by role, and which of its rows are kept: (n,) bool; facts and weights of those alone."""

    targets: Sequence[Column]
    features: Sequence[Column]
    split: Column | None
    key: Column | None
    facts: RowFacts
    weights: Array | None
    kept: Array

    @classmethod
    def read(cls, table: Table, roles: Roles, missing: Missing, kinds: Kinds) -> "UsedRows":
        """Read a table; DataError for what is missing unless the setting takes it."""
        texts = {p for p in (roles.split, roles.key, roles.groups) if p is not None}
        strict, numbers = ({p} if p is not None else set() for p in (roles.order, roles.weights))
        kinds = Kinds({*kinds.text, *texts}, {*kinds.number, *numbers}, {*kinds.strict, *strict}, strict)
        columns = {column.position: column for column in table.columns(roles.kept, kinds)}
        targets, features = ([columns[p] for p in positions] for positions in (roles.targets, roles.features))
        places = (roles.split, roles.key, roles.groups, roles.order, roles.weights)
        split, key, groups, order, weights = (None if p is None else columns[p] for p in places)
        needed = [column for column in (groups, order, weights) if column is not None]
        gaps = _find_gaps(table, [*targets, *needed], features, missing, roles)
        if gaps.all():
            raise DataError(f"{table.path}: every row has a missing value")
        facts = RowFacts(None if groups is None else groups.values, None if order is None else moments_of(order, table))
        weight = None if weights is None else weights_of(weights, table)[~gaps]
        return cls(targets, features, split, key, facts.take(np.flatnonzero(~gaps)), weight, ~gaps)

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


def _find_gaps(
    table: Table, needed: Sequence[Column], features: Sequence[Column], missing: Missing, roles: Roles
) -> Array:
    """Return the rows to leave out, (n,) bool; DataError for a missing value that the setting does not take."""
    if missing == "drop":
        return np.asarray(np.logical_or.reduce([column.gaps for column in (*needed, *features)]))
    _refuse_first(table, [*needed, *(features if missing == "error" else ())], roles)  # mean fills in features alone
    return np.zeros(len([*needed, *features][0]), bool)


def _refuse_first(table: Table, columns: Sequence[Column], roles: Roles) -> None:
    """Raise DataError for the first missing value among these columns, with what to do about it."""
    incomplete = [column for column in columns if column.missing]
    if not incomplete:
        return
    row, position = min((int(column.gaps.argmax()), column.position) for column in incomplete)
    place, value = table.locate(row, position)
    hint = "set data.source.missing to mean or drop"
    if position in roles.of_rows:
        what = "a group" if position == roles.groups else "a weight" if position == roles.weights else "a time"
        hint = f"a row needs {what}; set data.source.missing to drop, which leaves such rows out"
    elif position in roles.targets:
        is_class = f", or data.source.na to [] if {quoted(value)} is a class" if value.isalpha() else ""
        hint = f"a target cannot be filled in; set data.source.missing to drop{is_class}"
    raise DataError(f"{place}: missing value, got {quoted(value)}; {hint}")
