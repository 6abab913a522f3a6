"""Opening what a user names: regular files only, gzip or not, never more memory than the file can honestly fill.

Knows nothing of the formats inside.
"""

import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from nntrain.core.nearby import nearest_name
from nntrain.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
MAX_EXPANSION = 250  # real data packs 2 to 60 times; bombs reach 1000
FREE_EXPANSION = 1 << 26  # 64 MiB are never suspicious


def file_size(path: Path) -> int:
    """Return the bytes of a regular file; DataError when it is missing, a directory, or a device."""
    with report_read_errors(path):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{path}: is a directory, a file is needed")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path}: is not a regular file")
    return status.st_size


class Stamp(NamedTuple):
    """What tells one state of a file from another: a file that is replaced or written to has another stamp."""

    device: int
    inode: int
    size: int
    modified: int  # nanoseconds

    @classmethod
    def of(cls, descriptor: int) -> "Stamp":
        """Return the stamp of an open file."""
        status = os.fstat(descriptor)
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@contextmanager
def report_read_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals, and running out of memory, into one line that names the file."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: no such file or directory{nearest_name(path)}") from None
    except MemoryError:
        raise DataError(f"{path}: does not fit in memory") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        if not str(error).startswith("embedded null"):  # how the wrappers of the operating system refuse a path
            raise
        raise DataError(f"{str(path)!r}: is no file name") from None


def read_bytes(path: Path) -> bytes:
    """Return a whole file as it lies on disk."""
    size = file_size(path)
    with report_read_errors(path), path.open("rb") as file, refuse_change(path, file.fileno()):
        return file.read(size)


@contextmanager
def refuse_change(path: Path, descriptor: int) -> Iterator[None]:
    """Raise DataError when an open file is not the same after the block as before it."""
    before = Stamp.of(descriptor)
    yield
    if Stamp.of(descriptor) != before:
        raise DataError(f"{path}: has changed while it was read; wait until nothing writes to it any more")


def expansion_limit(packed: int) -> int:
    """Return the most bytes that so many compressed ones are allowed to unfold to."""
    return max(FREE_EXPANSION, packed * MAX_EXPANSION)


def is_gzip(path: Path) -> bool:
    """Return whether the file starts like a gzip stream, whatever its name says."""
    file_size(path)
    with report_read_errors(path), path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def inflate(path: Path, packed: bytes, limit: int) -> bytes:
    """Unpack a gzip stream, possibly of several members; DataError when damaged, cut short or longer than ``limit``."""
    pieces: list[bytes] = []
    room = limit
    while packed:
        member = zlib.decompressobj(wbits=31)
        try:
            with report_read_errors(path):
                piece = member.decompress(packed, room + 1)
        except zlib.error as error:
            raise DataError(f"{path}: damaged gzip data: {_cause(error)}") from None
        if len(piece) > room:
            raise DataError(f"{path}: unpacks to more than the {limit} bytes expected of it")
        if not member.eof:
            raise DataError(f"{path}: gzip data ends too early, after {limit - room + len(piece)} unpacked bytes")
        pieces.append(piece)
        room -= len(piece)
        packed = member.unused_data.lstrip(b"\0")  # gzip allows zero padding behind a member
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _cause(error: zlib.error) -> str:
    """Return zlib's own words without its code: ``Error -3 while decompressing data: incorrect data check``."""
    return str(error).rpartition(": ")[2]


def open_lines(path: Path) -> io.BufferedReader | io.BytesIO:
    """Open a text file, plain or gzip, for reading lines of bytes."""
    if not is_gzip(path):
        with report_read_errors(path):
            return path.open("rb")
    packed = read_bytes(path)
    return io.BytesIO(inflate(path, packed, expansion_limit(len(packed))))
