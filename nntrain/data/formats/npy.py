"""NumPy's own formats, npy and npz: numbers and text only, never a pickle, sizes checked before memory is taken.

Knows nothing of which array is the input and which the target.
"""

import io
import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from nntrain.core.types import Array
from nntrain.data.formats.files import Stamp, expansion_limit, file_size, refuse_change, report_read_errors
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
    """Return the array of an npy file; DataError for objects, records, a lying header or a file that changes.

    It is read into memory, not mapped: a mapped file that is cut short kills the process.
    """
    size = file_size(path)
    with report_read_errors(path), path.open("rb") as file, refuse_change(path, file.fileno()):
        header = _check_header(str(path), file, size)
        values = np.empty(header.shape[::-1] if header.by_column else header.shape, header.dtype)
        if values.nbytes:
            _fill(path, file, values.reshape(-1).view(np.uint8).data)
    return values.T if header.by_column else values


def _fill(path: Path, file: io.BufferedReader, target: memoryview) -> None:
    """Read exactly as many bytes as ``target`` has."""
    while target:
        count = file.readinto(target)
        if not count:
            raise DataError(f"{path}: has become shorter while it was read")
        target = target[count:]


def open_npy(path: Path) -> OnDisk:
    """Return the array (n, …) of an npy file as rows that stay on the disk; DataError when it has none of numbers."""
    size = file_size(path)
    with report_read_errors(path), path.open("rb") as file:
        header = _check_header(str(path), file, size)
        offset, stamp = file.tell(), Stamp.of(file.fileno())
    if header.dtype.kind not in "biuf" or len(header.shape) < 2 or not header.size:
        raise DataError(f"{path}: inputs are rows of numbers, got shape {header.shape} of {header.dtype}")
    if header.by_column:
        raise DataError(f"{path}: is stored column by column; store it by row, with np.ascontiguousarray")
    stored = np.dtype(np.uint8) if header.dtype.kind == "b" else header.dtype
    return OnDisk(path, offset, header.shape[0], math.prod(header.shape[1:]), stored, stamp)


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
        _check_header_length(file, "<H" if version == (1, 0) else "<I")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers by Python 2, which are read all the same
            shape, by_column, dtype = HEADERS[version](file, max_header_size=MAX_HEADER)
    except BAD_HEADER as error:
        cause = str(error).partition("\n")[0] or "its header cannot be read"
        raise DataError(f"{where}: is not an npy array: {cause}") from None
    if not all(type(length) is int for length in shape):
        raise DataError(f"{where}: is not an npy array: shape {shape} is not of whole numbers")
    if dtype.hasobject:
        raise DataError(f"{where}: holds Python objects, which are never loaded; store numbers or text")
    if dtype.kind not in "biufUS":
        raise DataError(f"{where}: values of type {dtype} are not numbers or text")
    expected = file.tell() + math.prod(shape) * dtype.itemsize
    if expected != size or min(shape, default=0) < 0:
        raise DataError(f"{where}: shape {shape} of {dtype} needs {expected} bytes, got {size}")
    return _Header(shape, by_column and len(shape) > 1, dtype)


def _check_header_length(file: IO[bytes], form: str) -> None:
    """Refuse a header that claims to be longer than any honest one, before memory is taken for it."""
    start = file.tell()
    field = file.read(struct.calcsize(form))
    if len(field) == struct.calcsize(form) and struct.unpack(form, field)[0] > MAX_HEADER:
        raise ValueError(f"its header claims {struct.unpack(form, field)[0]} bytes, at most {MAX_HEADER} are read")
    file.seek(start)
