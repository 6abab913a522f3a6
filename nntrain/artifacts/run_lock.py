"""The lock of a run directory, and the proof that the directory is still the one that was locked.

A lock file says nothing about the path that leads to it: a directory can be moved or replaced while a run holds it, and
the lock file can be deleted. So the holder remembers which directory and which lock file it found, and compares them
with what stands at the path before every write. Knows nothing of what is written.
"""

import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from nntrain.artifacts import durable
from nntrain.errors import LockedError, OutputError

LOCK = ".lock"


class RunLock:
    """A directory held alone by this process; make one with ``hold``."""

    def __init__(self, path: Path, directory: int, file: int) -> None:
        self.path = path
        self._held = (_identity(os.fstat(directory)), _identity(os.fstat(file)))

    def check(self) -> None:
        """Raise ``OutputError`` unless the path still leads to the directory and the lock file that are held."""
        found: tuple[tuple[int, int], tuple[int, int]] | None = None
        with suppress(OSError):
            found = (_identity(self.path.stat()), _identity((self.path / LOCK).lstat()))
        if found != self._held:
            raise OutputError(
                f"{self.path}: is not the directory that this run began in any more: it was moved, replaced or deleted,"
                f" or its {LOCK} was; nothing more is written; nntrain resume goes on with it where it is now"
            )


@contextmanager
def hold(path: Path) -> Iterator[RunLock]:
    """Hold a directory alone, or raise ``LockedError`` at once; ``OutputError`` where there cannot be a lock.

    The two descriptors stay open as long as the lock: their inodes cannot be given to other files meanwhile.
    """
    with (
        _open(path, os.O_RDONLY | os.O_DIRECTORY) as directory,
        _open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK) as file,
    ):
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OutputError(f"{path / LOCK}: cannot write: it is not a plain file")
        lock = RunLock(path, directory, file)
        holder = FileLock(path / LOCK, thread_local=False)
        _acquire(holder, path)
        try:
            lock.check()  # the file that was locked is the one that was opened
            yield lock
        finally:
            holder.release()


@contextmanager
def _open(path: Path, flags: int) -> Iterator[int]:
    with durable.report_write_errors(path):
        descriptor = os.open(path, flags, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(holder: FileLock, path: Path) -> None:
    with durable.report_write_errors(path / LOCK), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fall-back to soft locks, which is refused below
        acquired = True
        try:
            holder.acquire(blocking=False)
        except Timeout:
            acquired = False
        except NotImplementedError:
            raise OutputError(f"{path}: the file system has no locks; use another one") from None
        if isinstance(holder, SoftFileLock):  # a killed process would leave it behind
            holder.release()
            raise OutputError(f"{path}: the file system has no locks; use another one")
        if not acquired:
            raise LockedError(f"{path}: another process is writing this run; wait or name another")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
