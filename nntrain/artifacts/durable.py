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


def write_bytes(path: Path, data: bytes, *, dir_fd: int | None = None) -> None:
    """Put ``data`` at ``path`` so that after a crash the file is wholly the old one or wholly the new one.

    Exclusive temporary file in the same directory, write, fsync, read back, rename, fsync of the directory. Raises
    ``OutputError``; the target is then untouched (or, if only the last fsync failed, complete). A target that is a
    symbolic link, a directory or a device is refused. All of it happens in one directory, whatever its path leads to
    meanwhile: in that of ``dir_fd`` if it is given, else in the one that is there at the beginning.
    """
    with report_write_errors(path), _directory_of(path, dir_fd) as folder:
        name = path.name or "."
        refuse_irregular(path, folder)
        temporary = f".{name}.{secrets.token_hex(4)}{TEMPORARY}"
        try:
            _write_new(temporary, data, folder)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError, ValueError):
                os.unlink(temporary, dir_fd=folder)
            raise
        _sync_names(folder)


def take_place(temporary: Path, path: Path) -> None:
    """Let a file that is whole and synced take the place of ``path``, in whose directory it lies, durably.

    Raises ``OutputError``.
    """
    with report_write_errors(path), _directory_of(path, None) as folder:
        os.replace(temporary.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        _sync_names(folder)


def append(path: Path, data: bytes, *, dir_fd: int | None = None) -> None:
    """Add ``data`` at the end of ``path`` (made if missing); on failure the file is cut back to its old length.

    Survives the death of the process; only ``sync`` makes it survive a power cut as well. Raises ``OutputError``.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    with report_write_errors(path), _open(path, flags, dir_fd) as descriptor:
        length = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, data)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(descriptor, length)
            raise


def truncate(path: Path, length: int, *, dir_fd: int | None = None) -> None:
    """Cut ``path`` to ``length`` bytes, durably. Raises ``OutputError``."""
    with report_write_errors(path), _open(path, os.O_WRONLY | os.O_NOFOLLOW, dir_fd) as descriptor:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)


def sync(path: Path, *, dir_fd: int | None = None) -> None:
    """Force the contents and the name of ``path`` to the disk. Raises ``OutputError``."""
    with report_write_errors(path), _directory_of(path, dir_fd) as folder:
        with _open(path, os.O_WRONLY | os.O_NOFOLLOW, folder) as descriptor:
            os.fsync(descriptor)
        _sync_names(folder)


def sync_directory(directory: Path) -> None:
    """Force the names in ``directory`` to the disk; file systems that cannot do so are left in peace."""
    with _open(directory, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        _sync_names(descriptor)


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


def make_folder(path: Path, *, dir_fd: int) -> None:
    """Make ``path`` in the directory of ``dir_fd`` and force its name to the disk. Raises ``OutputError``."""
    with report_write_errors(path):
        os.mkdir(path.name, dir_fd=dir_fd)
        _sync_names(dir_fd)


def remove(path: Path, *, dir_fd: int | None = None) -> None:
    """Delete a file; one that is gone already is fine. Raises ``OutputError``."""
    with report_write_errors(path), suppress(FileNotFoundError):
        os.unlink(place(path, dir_fd), dir_fd=dir_fd)


def sweep(folder: Path, *, dir_fd: int) -> None:
    """Delete the temporary files that killed writers left in ``folder``, the directory of ``dir_fd``."""
    with report_write_errors(folder):
        names = os.listdir(dir_fd)
    for name in names:
        if name.startswith(".") and name.endswith(TEMPORARY):
            remove(folder / name, dir_fd=dir_fd)


def sync_names(path: Path, *, dir_fd: int) -> None:
    """Force the names in the directory of ``dir_fd``, which ``path`` led to, to the disk. Raises ``OutputError``."""
    with report_write_errors(path):
        _sync_names(dir_fd)


def place(path: Path, dir_fd: int | None) -> Path | str:
    """Return what to hand to the system for ``path``: its name alone where its directory is held open."""
    return path if dir_fd is None else path.name


@contextmanager
def _open(path: Path, flags: int, dir_fd: int | None = None) -> Iterator[int]:
    descriptor = os.open(place(path, dir_fd), flags, 0o666, dir_fd=dir_fd)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _directory_of(path: Path, dir_fd: int | None) -> Iterator[int]:
    """Hold the directory that ``path`` lies in: the one that is open already, if one is given."""
    if dir_fd is not None:
        yield dir_fd
        return
    with _open(path.parent, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        yield descriptor


def _sync_names(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def refuse_irregular(path: Path, folder: int | None = None) -> None:
    """Refuse to replace anything but a plain file: renaming over /dev/null or a link would destroy it."""
    try:
        mode = os.stat(place(path, folder) or ".", dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a directory" if stat.S_ISDIR(mode) else "a device"
        raise OutputError(f"{path}: cannot write: it is {kind}, not a plain file")


def _write_new(name: str, data: bytes, folder: int) -> None:
    """Make a file in ``folder``, fill it, force it to the disk and check that it reads back as ``data``."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(name, flags, 0o666, dir_fd=folder)
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
