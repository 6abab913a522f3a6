"""NumPy's own formats, npy and npz: numbers and text only, never a pickle, sizes checked before memory is taken.

Knows nothing of which array is the input and which the target.
"""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from nntrain.core.types import Array
from nntrain.data.formats.files import expansion_limit, file_size, report_read_errors
from nntrain.data.formats.on_disk import OnDisk
from nntrain.errors import DataError

MAX_HEADER = 10_000  # characters; NumPy's own limit for files that are not trusted
HEADERS: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}
BAD_HEADER = (ValueError, TypeError, SyntaxError, EOFError, MemoryError, RecursionError, tokenize.TokenError)
BAD_MEMBER = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def read_npy(path: Path) -> Array:
    """Return the array of an npy file, mapped from disk; DataError for objects, records or a lying header."""
    size = file_size(path)
    with report_read_errors(path), path.open("rb") as file:
        count = _check_header(str(path), file, size).size
    with report_read_errors(path):
        return np.asarray(np.load(path, mmap_mode="r" if count else None, allow_pickle=False))


def open_npy(path: Path) -> OnDisk:
    """Return the array (n, …) of an npy file as rows that stay on the disk; DataError when it has none of numbers."""
    size = file_size(path)
    with report_read_errors(path), path.open("rb") as file:
        header = _check_header(str(path), file, size)
        offset = file.tell()
    if header.dtype.kind not in "biuf" or len(header.shape) < 2 or not header.size:
        raise DataError(f"{path}: inputs are rows of numbers, got shape {header.shape} of {header.dtype}")
    if header.by_column:
        raise DataError(f"{path}: is stored column by column; store it by row, with np.ascontiguousarray")
    stored = np.dtype(np.uint8) if header.dtype.kind == "b" else header.dtype
    return OnDisk(path, offset, header.shape[0], math.prod(header.shape[1:]), stored)


def shape_of(path: Path) -> tuple[int, ...]:
    """Return the shape of the array in an npy file."""
    size = file_size(path)
    with report_read_errors(path), path.open("rb") as file:
        return _check_header(str(path), file, size).shape


class Npz:
    """An npz archive: ``members`` are its names, ``read`` loads one array at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = file_size(path)
        with _report_damage(path, str(path)), zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        self.members = {info.filename.removesuffix(".npy"): info for info in members if info.filename.endswith(".npy")}

    def read(self, name: str) -> Array:
        """Return one array as stored; DataError when it is damaged, not plain, or unfolds beyond all measure."""
        info, where = self.members[name], f"{self.path}: {name}"
        if info.file_size > expansion_limit(self.size):
            raise DataError(f"{where}: unpacks from {info.compress_size} to {info.file_size} bytes; store it unpacked")
        with _report_damage(self.path, where), zipfile.ZipFile(self.path) as archive:
            with archive.open(info) as file:
                _check_header(where, file, info.file_size)
            with archive.open(info) as file:
                return np.asarray(npy.read_array(file, allow_pickle=False))


@contextmanager
def _report_damage(path: Path, where: str) -> Iterator[None]:
    """Turn every way in which an archive can be broken into one line."""
    try:
        with report_read_errors(path):
            yield
    except BAD_MEMBER as error:
        raise DataError(f"{where}: damaged npz archive: {error or type(error).__name__}") from None


class _Header(NamedTuple):
    shape: tuple[int, ...]
    by_column: bool
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


def _check_header(where: str, file: IO[bytes], size: int) -> _Header:
    """Return what an array is; refuse objects, records, and a length that is not the one the header claims."""
    try:
        version = npy.read_magic(file)
        if version not in HEADERS:
            raise ValueError(f"version {version} is for records")
        shape, by_column, dtype = HEADERS[version](file, max_header_size=MAX_HEADER)
    except BAD_HEADER as error:
        raise DataError(f"{where}: is not an npy array: {str(error).partition(chr(10))[0]}") from None
    if dtype.hasobject:
        raise DataError(f"{where}: holds Python objects, which are never loaded; store numbers or text")
    if dtype.kind not in "biufUS":
        raise DataError(f"{where}: values of type {dtype} are not numbers or text")
    expected = file.tell() + math.prod(shape) * dtype.itemsize
    if expected != size or min(shape, default=0) < 0:
        raise DataError(f"{where}: shape {shape} of {dtype} needs {expected} bytes, got {size}")
    return _Header(shape, by_column and len(shape) > 1, dtype)
