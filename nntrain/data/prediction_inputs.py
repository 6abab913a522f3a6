"""Inputs to predict from: a file of features of any kind that training reads, some rows at a time.

Knows nothing of splits.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.sources import SOURCES, Source, reader_of
from nntrain.data.sources.known_columns import open_known, placed_roles, table_source
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.columns import Column, Table, named, side_by_side
from nntrain.data.tables.row_columns import NO_COLUMNS, RowColumns
from nntrain.data.tables.table_notes import GapHints, describe_table
from nntrain.data.tables.wanted_columns import FoundFeatures, WantedColumns
from nntrain.data.text import quoted
from nntrain.data.transforms.encoder import Unseen
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.errors import DataError

ROWS = 4096  # of an array at a time


class InputFile:
    """A file as a model takes it: iterate for X (n, n_features), some rows at a time; ``notes`` are there at the end.

    A table, or the array X of an archive; images are flattened. A table's columns are found by name if the model and
    the file have names, otherwise all columns count, in order. A table is read with the settings of ``source``, that
    of the run, where it is of that kind and fits so; ``columns`` say something of its rows and are no features.
    DataError when the file is damaged or does not fit the model.
    """

    def __init__(
        self, path: Path, wanted: WantedColumns, source: Source | None = None, columns: RowColumns = NO_COLUMNS
    ) -> None:
        self.path, self.wanted, self.source, self.columns = path, wanted, source, columns
        self.notes: list[str] = []
        self._unseen: dict[int, Unseen] = {}

    def __iter__(self) -> Iterator[Inputs]:
        self.notes.clear()
        self._unseen.clear()
        reader = reader_of(self.path)
        tabular = issubclass(SOURCES[reader.kind], TableSource)
        if tabular:
            yield from self._table(reader.kind)
        else:
            X: Any = reader.open(self.path)
            yield from self._rows(X if isinstance(X, OnDisk) else np.asarray(X))
        self.notes += [
            f"{self.path}: {self.wanted.transform.encoder.describe_unseen(item)}" for item in self._unseen.values()
        ]

    def _rows(self, X: Array | OnDisk) -> Iterator[Inputs]:
        transform, wanted = self.wanted.transform, self.wanted.width
        if not isinstance(X, OnDisk):
            X = X.reshape(len(X), -1)
        if X.shape[1] != wanted:
            hint = "; leave the target column out" if X.shape[1] == wanted + 1 else ""
            raise DataError(f"{self.path}: {X.shape[1]} features, the model takes {wanted}{hint}")
        if any(transform.encoder.categories):
            raise DataError(f"{self.path}: the model takes texts, which a table has; give it a csv file")
        for start in range(0, len(X), ROWS):
            yield transform.apply(X[start : start + ROWS], transform.encoder.categories, self.wanted.dtype)

    def _table(self, kind: str) -> Iterator[Inputs]:
        transform = self.wanted.transform
        source = table_source(self.path, kind, self.source, self.wanted, columns=self.columns)
        table = open_known(source, self.path, self.wanted)
        found, hints = self._find(source, table), GapHints()
        left_out = [table.names[position] for position in table.left_out if table.names]
        self.notes += [*found.notes, *self.wanted.describe_others(found.others, left_out, str(self.path))]
        start = 0
        for block in table.blocks(found.features, self.wanted.kinds(found.features)):
            at = {column.position: column for column in block}
            columns = [at[position] for position in found.features]
            hints.add(columns)
            self._refuse_gaps(table, columns, start)
            given = [column.texts for column in columns]
            X = side_by_side(columns, given)
            self._remember(X, given)
            for first in range(0, len(X), ROWS):
                yield transform.apply(X[first : first + ROWS], given, self.wanted.dtype)
            start += len(X)
        self.notes += describe_table(table, found.features, hints)

    def _find(self, source: TableSource, table: Table) -> FoundFeatures:
        """Return where the model's columns are; without names also in a table that holds the target, as in training."""
        if table.names or table.width == self.wanted.width:
            return self.wanted.find(table)
        roles = placed_roles(source, table, self.wanted, self.columns) if isinstance(self.source, TableSource) else None
        if roles is None:
            return self.wanted.find(table)
        targets = ", ".join(named(table, position) for position in roles.targets)
        note = f"{self.path}: columns have the places that they had in training; {targets} is passed over"
        return FoundFeatures(roles.features, notes=(note,) if targets else ())

    def _refuse_gaps(self, table: Table, columns: Sequence[Column], start: int) -> None:
        """Raise DataError at the first missing value, in rows from ``start`` on, that nothing can be filled in for."""
        fill = self.wanted.transform.encoder.fill
        gaps = [c for k, c in enumerate(columns) if c.missing and (k >= len(fill) or np.isnan(fill[k]))]
        if gaps:
            row, position = min((int(column.gaps.argmax()), column.position) for column in gaps)
            place, value = table.locate(start + row, position)
            hint = "the model was not trained with data.source.missing: mean"
            raise DataError(f"{place}: missing value, got {quoted(value)}; {hint}")

    def _remember(self, X: Array, texts: Sequence[Sequence[str]]) -> None:
        """Add up the texts that training never saw."""
        encoder = self.wanted.transform.encoder
        for item in encoder.unseen(X, texts) if encoder else ():
            before = self._unseen.get(item.column, item._replace(rows=0))
            self._unseen[item.column] = before._replace(rows=before.rows + item.rows)
