"""Inputs to predict from: a file of features alone, in any format that can be told by its name.

Knows nothing of targets, splits or sources.
"""

from pathlib import Path

from nntrain.core.types import Array, DType
from nntrain.data.formats.arrays import inputs
from nntrain.data.formats.npy import Npz, read_npy
from nntrain.data.formats.table import read_table, sniff
from nntrain.data.scaling import Scaler
from nntrain.data.wording import listed
from nntrain.errors import DataError


def read_inputs(path: Path, *, n_features: int, scaler: Scaler, dtype: DType) -> Array:
    """Return X (n, n_features) scaled, from a table (csv, tsv, .gz), an npy file, or the array X of an npz archive.

    Images are flattened. DataError when the file is damaged or has another number of features.
    """
    X = _READERS.get(path.suffix.lower(), _table)(path)
    X = X.reshape(len(X), -1)
    if X.shape[1] != n_features:
        hint = "; leave the target column out" if X.shape[1] == n_features + 1 else ""
        raise DataError(f"{path}: {X.shape[1]} features, the model takes {n_features}{hint}")
    return scaler.apply(X, dtype)


def _table(path: Path) -> Array:
    return read_table(path, sniff(path))[0]


def _npy(path: Path) -> Array:
    return inputs(read_npy(path), str(path))


def _npz(path: Path) -> Array:
    archive = Npz(path)
    if "X" not in archive.members:
        raise DataError(f"{path}: no array 'X'{listed('X', tuple(archive.members))}")
    return inputs(archive.read("X"), f"{path}: X")


_READERS = {".npy": _npy, ".npz": _npz}
