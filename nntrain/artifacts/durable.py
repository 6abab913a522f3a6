"""Writing so that a crash leaves either the old file or the new one, never a part of one.

The only place that renames. Must not know what the bytes mean. Every ``OSError`` leaves as an ``OutputError`` whose
message says the cause in words.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nntrain.errors import OutputError

CHUNK = 1 << 18  # bytes compared at a time when a file is read back: they stay in the cache (measured)
TEMPORARY = ".tmp"  # temporary files are .<name>.<hex>.tmp beside their target

CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "the directory does not exist",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.EISDIR: "it is a directory",
    errno.EEXIST: "it exists already",
    errno.ELOOP: "it is a symbolic link",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EFBIG: "the file would pass the size limit",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
    errno.EIO: "the disk reports an input/output error",
}


def cause(error: OSError) -> str:
    """Return in words why the system refused, e.g. ``the disk is full``."""
    return CAUSES.get(error.errno or 0) or error.strerror or str(error)


@contextmanager
def report_write_errors(path: Path) -> Iterator[None]:
    """Turn any ``OSError`` inside into ``OutputError: <path>: cannot write: <cause>``."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {cause(error)}") from error
    except ValueError as error:  # a NUL in the path
        raise OutputError(f"{path!r}: cannot write: {error}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` so that after a crash the file is wholly the old one or wholly the new one.

    Exclusive temporary file in the same directory, write, fsync, read back, rename, fsync of the directory. Raises
    ``OutputError``; the target is then untouched (or, if only the last fsync failed, complete). A target that is a
    symbolic link, a directory or a device is refused.
    """
    with report_write_errors(path):
        _refuse_irregular(path)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
        try:
            _write_new(temporary, data)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError, ValueError):
                temporary.unlink()
            raise
        sync_directory(path.parent)


def append(path: Path, data: bytes) -> None:
    """Add ``data`` at the end of ``path`` (made if missing); on failure the file is cut back to its old length.

    Survives the death of the process; only ``sync`` makes it survive a power cut as well. Raises ``OutputError``.
    """
    with report_write_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            length = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, data)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(descriptor, length)
                raise
        finally:
            os.close(descriptor)


def truncate(path: Path, length: int) -> None:
    """Cut ``path`` to ``length`` bytes, durably. Raises ``OutputError``."""
    with report_write_errors(path), _open_new(path, os.O_WRONLY | os.O_NOFOLLOW) as descriptor:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)


def sync(path: Path) -> None:
    """Force the contents and the name of ``path`` to the disk. Raises ``OutputError``."""
    with report_write_errors(path):
        with _open_new(path, os.O_WRONLY | os.O_NOFOLLOW) as descriptor:
            os.fsync(descriptor)
        sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Force the names in ``directory`` to the disk; file systems that cannot do so are left in peace."""
    with _open_new(directory, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise


def make_directory(path: Path) -> None:
    """Make a directory and its missing parents, and force the name of each to the disk. Raises ``OutputError``.

    One that is there already may have been made by a process that was killed before it could sync. So every parent
    is synced, up to the root of the file system; that costs nothing where there is nothing to write.
    """
    with report_write_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        device = path.stat().st_dev
        for parent in path.absolute().parents:
            with suppress(PermissionError, FileNotFoundError):  # not ours to read, and so not made by us
                if parent.stat().st_dev != device:
                    break
                sync_directory(parent)


def remove(path: Path) -> None:
    """Delete a file; one that is gone already is fine. Raises ``OutputError``."""
    with report_write_errors(path), suppress(FileNotFoundError):
        path.unlink()


@contextmanager
def _open_new(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_irregular(path: Path) -> None:
    """Refuse to replace anything but a plain file: renaming over /dev/null or a link would destroy it."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a directory" if stat.S_ISDIR(mode) else "a device"
        raise OutputError(f"{path}: cannot write: it is {kind}, not a plain file")


def _write_new(path: Path, data: bytes) -> None:
    """Make ``path``, fill it, force it to the disk and check that it reads back as ``data``."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o666)
    try:
        _write_all(descriptor, data)
        os.fsync(descriptor)
        if not _holds(descriptor, data):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # a write may take only a part
        rest = rest[os.write(descriptor, rest) :]


def _holds(descriptor: int, data: bytes) -> bool:
    """Tell whether the file behind ``descriptor`` is exactly ``data``."""
    if os.fstat(descriptor).st_size != len(data):
        return False
    starts = range(0, len(data), CHUNK)  # compared as bytes: memoryviews are compared one by one, tenfold slower
    return all(os.pread(descriptor, CHUNK, start) == data[start : start + CHUNK] for start in starts)
