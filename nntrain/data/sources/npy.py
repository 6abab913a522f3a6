"""Arrays in npy files as data; a large one stays on the disk.

Knows nothing of splits or scaling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Raw
from nntrain.data.formats.array_checks import inputs
from nntrain.data.formats.files import file_size
from nntrain.data.formats.npy import open_npy, read_npy, shape_of
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.sources.base import SOURCES, Reader, Source, enter
from nntrain.data.sources.pairs import Pair, TaskOfArrays, no_targets, raw_of
from nntrain.errors import DataError

LARGE = 1 << 30  # bytes of a file from which it stays on the disk


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class NpyFiles:
    """Arrays X (n, …) and y (n,) or (n, k) in npy files, with ``X_test`` and ``y_test`` if there are such.

    A model that gives back its inputs needs no y.
    ``memory: auto`` loads files under 1 GiB and streams larger ones: their rows stay on the disk and are read as they
    are needed, with the same results. ``task: auto`` takes text, booleans, integers, or up to 20 different whole
    numbers, for classes; several columns of integers 0 and 1 for labels; anything else for regression.
    """

    kind: Literal["npy"] = "npy"
    X: Path
    y: Path | None = None
    X_test: Path | None = None
    y_test: Path | None = None
    task: TaskOfArrays = "auto"
    memory: Literal["auto", "load", "stream"] = "auto"
    formula: ClassVar[str] = "X (n, …) flattened to (n, d), y (n,) or (n, k)"

    @property
    def no_target(self) -> str:
        """The key that says what a model is to predict, if it is left out; else nothing."""
        return "y" if self.y is None else ""

    def load(self, seed: int) -> Raw:
        """Return inputs in their stored type; those that stay on the disk are looked through once."""
        if (self.X_test is None) != (self.y_test is None) and self.y is not None:
            raise DataError("data.source: X_test and y_test come together or not at all")
        y_test = None if self.y is None else self.y_test
        test = None if self.X_test is None else self._pair(self.X_test, y_test)
        return raw_of(self._pair(self.X, self.y), test, asked=self.task)

    def _pair(self, X_path: Path, y_path: Path | None) -> Pair:
        streams = {"auto": file_size(X_path) >= LARGE, "load": False, "stream": True}[self.memory]
        X: Array | OnDisk
        if streams:
            X, shape = open_npy(X_path), shape_of(X_path)
            _check_finite(X)
        else:
            array = inputs(read_npy(X_path), str(X_path))
            X, shape = array.reshape(len(array), -1), array.shape
        y = no_targets(X) if y_path is None else np.asarray(read_npy(y_path))
        return Pair(X, y, shape, "", str(X_path), "no y" if y_path is None else str(y_path))


def _check_finite(X: OnDisk) -> None:
    """Refuse the first value that is no finite number, and what a file cut short lacks."""
    row = 0
    for piece in X.pieces() if X.dtype.kind == "f" else ():
        if not (np.isfinite(piece.min()) and np.isfinite(piece.max())):
            at, column = np.unravel_index(int(np.argmin(np.isfinite(piece))), piece.shape)
            raise DataError(f"{X.path}[{row + at}, {column}]: is not a finite number, got {piece[at, column]}")
        row += len(piece)


def _read_inputs(path: Path) -> Array | OnDisk:
    if file_size(path) < LARGE:
        return inputs(read_npy(path), str(path))
    X = open_npy(path)
    _check_finite(X)
    return X


def _with_targets(path: Path, targets: Sequence[str] | None, own: Source | None) -> Source:
    if targets is None:
        return NpyFiles(X=path)
    if len(targets) != 1:
        raise DataError(f"{path}: an npy array has no targets; name the npy file that holds them with --target")
    return NpyFiles(X=path, y=Path(targets[0]), task=own.task if isinstance(own, NpyFiles) else "auto")


enter(
    Reader(
        "npy",
        "an npy array",
        _read_inputs,
        suffixes=(".npy",),
        recognises=lambda head: head.startswith(b"\x93NUMPY"),
        source=_with_targets,
    )
)
