"""Inputs to predict from: a file of features in any format that can be told by its name, read some rows at a time.

Knows nothing of splits or sources.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.data.formats.array_checks import inputs
from nntrain.data.formats.delimited import records
from nntrain.data.formats.npy import Npz, read_npy
from nntrain.data.tables.columns import Column, Kinds, side_by_side
from nntrain.data.tables.text_table import TextTable
from nntrain.data.text import choices, quoted
from nntrain.data.transforms.encoder import Unseen
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.data.transforms.transform import Transform
from nntrain.errors import DataError

ROWS = 4096  # of an array at a time
MOST = 12  # names in a message


@dataclass(frozen=True, slots=True, eq=False)
class WantedColumns:
    """What a model takes: its columns by name (() if they have none) and number, and what they go through.

    ``targets`` are the columns that it predicts: in a file they are passed over.
    """

    n_features: int
    transform: Transform
    dtype: DType
    names: Sequence[str] = ()
    targets: Sequence[str] = ()

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that a table has, before texts become one-hot."""
        return self.transform.encoder.names or self.names

    @property
    def width(self) -> int:
        """Number of these columns."""
        return self.transform.n_columns or self.n_features


class InputFile:
    """A file as a model takes it: iterate for X (n, n_features), some rows at a time; ``notes`` are there at the end.

    A table (csv, tsv, .gz), npy, or the array X of an npz archive; images are flattened. A table's columns are found by
    name if it has a header with such names, otherwise all columns count, in order. DataError when the file is damaged
    or does not fit the model.
    """

    def __init__(self, path: Path, wanted: WantedColumns) -> None:
        self.path, self.wanted = path, wanted
        self.notes: list[str] = []
        self._unseen: dict[int, Unseen] = {}

    def __iter__(self) -> Iterator[Inputs]:
        self.notes.clear()
        self._unseen.clear()
        reader = _READERS.get(self.path.suffix.lower())
        yield from self._table() if reader is None else self._rows(reader(self.path))
        self.notes += [
            f"{self.path}: {self.wanted.transform.encoder.describe_unseen(item)}" for item in self._unseen.values()
        ]

    def _rows(self, X: Array) -> Iterator[Inputs]:
        transform = self.wanted.transform
        X = X.reshape(len(X), -1)
        self._check_width(X.shape[1])
        if any(transform.encoder.categories):
            raise DataError(f"{self.path}: the model takes texts, which a table has; give it a csv file")
        for start in range(0, len(X), ROWS):
            yield transform.apply(X[start : start + ROWS], transform.encoder.categories, self.wanted.dtype)

    def _table(self) -> Iterator[Inputs]:
        transform, encoder = self.wanted.transform, self.wanted.transform.encoder
        table = self._open_table()
        positions = self._positions(table)
        self._check_width(len(positions))
        texts = [p for p, known in zip(positions, encoder.categories, strict=False) if known]
        kinds = Kinds(text=texts, number=[p for p in positions if p not in texts])
        start = 0
        for block in table.blocks(positions, kinds):
            found = {column.position: column for column in block}
            columns = [found[position] for position in positions]
            self._refuse_gaps(table, columns, start)
            given = [column.texts for column in columns]
            X = side_by_side(columns, given)
            self._remember(X, given)
            yield transform.apply(X, given, self.wanted.dtype)
            start += len(X)

    def _open_table(self) -> TextTable:
        """Open the table; a first row with all the model's names is a header, whatever stands below."""
        table = TextTable.open(self.path)
        names = set(self.wanted.columns)
        if names and not table.names:
            _, first = next(records(self.path, table.layout.delimiter))
            if names <= set(first):
                return TextTable.open(self.path, header=True)
        return table

    def _positions(self, table: TextTable) -> list[int]:
        """Return the positions of the model's columns: by name where the table has them, else all in order."""
        names, found = self.wanted.columns, table.names
        if len(set(names)) < len(names) or not set(names) & set(found):
            if names and found:
                self.notes.append(f"{self.path}: has none of the model's column names; they are taken in order")
            return list(range(table.width))
        missing, others = _without(names, found), _without(found, names)
        if missing:
            more = f"; not known to the model: {_named(others)}" if others else ""
            raise DataError(f"{self.path}:1: columns are missing: {_named(missing)}{more}")
        twice = sorted({name for name in names if found.count(name) > 1})
        if twice:
            raise DataError(f"{self.path}:1: several columns are named {_named(twice)}")
        if others:
            targets = [name for name in others if name in self.wanted.targets]
            why = f", {_named(targets)} as the target" if targets else ""
            self.notes.append(f"{self.path}: not used: {_named(others)}{why}")
        return [found.index(name) for name in names]

    def _check_width(self, width: int) -> None:
        wanted = self.wanted.width
        if width != wanted:
            hint = "; leave the target column out" if width == wanted + 1 else ""
            raise DataError(f"{self.path}: {width} features, the model takes {wanted}{hint}")

    def _refuse_gaps(self, table: TextTable, columns: Sequence[Column], start: int) -> None:
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


def _without(names: Sequence[str], others: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name not in others]


def _named(names: Sequence[str]) -> str:
    """Return a few names in quotes, and how many more there are."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(map(quoted, names[:MOST])) + more


def _npy(path: Path) -> Array:
    return inputs(read_npy(path), str(path))


def _npz(path: Path) -> Array:
    archive = Npz(path)
    if "X" not in archive.members:
        raise DataError(f"{path}: no array 'X'{choices('X', tuple(archive.members))}")
    return inputs(archive.read("X"), f"{path}: X")


_READERS = {".npy": _npy, ".npz": _npz}
