"""Inputs to predict from: a file of features alone, in any format that can be told by its name.

Knows nothing of targets, splits or sources.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.data.columns import Column, Kinds, TextTable, position_of, side_by_side
from nntrain.data.formats.arrays import inputs
from nntrain.data.formats.npy import Npz, read_npy
from nntrain.data.stored import Inputs
from nntrain.data.transform import Transform
from nntrain.data.wording import listed, shown
from nntrain.errors import DataError


def read_inputs(
    path: Path, *, names: Sequence[str], n_features: int, transform: Transform, dtype: DType
) -> tuple[Inputs, list[str]]:
    """Return X (n, n_features) as the network takes it, and notes; from a table (csv, tsv, .gz), npy, or X of an npz.

    ``names`` are those of the features, () if they have none: a table's columns are found by them if it has such
    columns; otherwise all columns count, in order. Images are flattened. DataError when the file is damaged or does
    not fit the model.
    """
    width = transform.n_columns or n_features
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        return _table(TextTable.open(path), transform.encoder.names or names, width, transform, dtype)
    X = reader(path)
    X = X.reshape(len(X), -1)
    _check_width(str(path), X.shape[1], width)
    if any(transform.encoder.categories):
        raise DataError(f"{path}: the model takes texts, which a table has; give it a csv file")
    return transform.apply(X, transform.encoder.categories, dtype), []


def _table(
    table: TextTable, names: Sequence[str], width: int, transform: Transform, dtype: DType
) -> tuple[Inputs, list[str]]:
    encoder = transform.encoder
    positions = _positions(table, names)
    _check_width(str(table.path), len(positions), width)
    texts = [p for p, known in zip(positions, encoder.categories, strict=False) if known]
    kinds = Kinds(text=texts, number=[p for p in positions if p not in texts])
    found = {column.position: column for column in table.columns(positions, kinds)}
    columns = [found[position] for position in positions]
    _refuse_gaps(table, columns, encoder.fill)
    given = [column.texts for column in columns]
    X = side_by_side(columns, given)
    notes = [f"{table.path}: {line}" for line in encoder.unseen(X, given)] if encoder else []
    return transform.apply(X, given, dtype), notes


def _positions(table: TextTable, names: Sequence[str]) -> list[int]:
    """Return the positions of the model's columns: by name where the table has them, else all in order."""
    if len(set(names)) < len(names) or not set(names) & set(table.names):
        return list(range(table.width))
    return [position_of(name, table) for name in names]


def _refuse_gaps(table: TextTable, columns: list[Column], fill: Array) -> None:
    """Raise DataError at the first missing value that the model has nothing to fill in for."""
    gaps = [c for k, c in enumerate(columns) if c.missing and (k >= len(fill) or np.isnan(fill[k]))]
    if gaps:
        place, value = table.locate(*min((int(column.gaps.argmax()), column.position) for column in gaps))
        hint = "the model was not trained with data.source.missing: mean"
        raise DataError(f"{place}: missing value, got {shown(value)}; {hint}")


def _check_width(where: str, width: int, wanted: int) -> None:
    if width != wanted:
        hint = "; leave the target column out" if width == wanted + 1 else ""
        raise DataError(f"{where}: {width} features, the model takes {wanted}{hint}")


def _npy(path: Path) -> Array:
    return inputs(read_npy(path), str(path))


def _npz(path: Path) -> Array:
    archive = Npz(path)
    if "X" not in archive.members:
        raise DataError(f"{path}: no array 'X'{listed('X', tuple(archive.members))}")
    return inputs(archive.read("X"), f"{path}: X")


_READERS = {".npy": _npy, ".npz": _npz}
