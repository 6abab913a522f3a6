"""The lock of a run directory, and the proof that the directory is still the one that was locked.

A lock file says nothing about the path that leads to it: a directory can be moved or replaced while a run holds it, and
the lock file can be deleted. So the holder keeps the directory open and reaches all its files from there. Before every
write it also looks whether the path still leads to this directory, and the directory still has this lock file. Knows
nothing of what is written.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nntrain.artifacts import durable
from nntrain.errors import LockedError, OutputError

LOCK = ".lock"
HELD = (errno.EAGAIN, errno.EACCES)  # what systems say when another process has the lock


class RunLock:
    """A directory held alone by this process; make one with ``hold``. ``directory`` is its open descriptor.

    ``kind`` is what the directory is, in a word, and ``go_on`` says how to go on with it if it is moved.
    """

    def __init__(self, path: Path, directory: int, file: int, kind: str, go_on: str) -> None:
        self.path, self.directory, self._words = path, directory, (kind, go_on)
        self._held = (_identity(os.fstat(directory)), _identity(os.fstat(file)))
        self._process = os.getpid()

    def check(self) -> None:
        """Raise ``OutputError`` unless the path still leads to the directory and the lock file that are held.

        A process that was forked off shares the lock, but must not write.
        """
        if os.getpid() != self._process:
            raise OutputError(f"{self.path}: process {self._process} is writing this run; a fork of it must not")
        found: tuple[tuple[int, int], tuple[int, int]] | None = None
        with suppress(OSError):
            lock = os.stat(LOCK, dir_fd=self.directory, follow_symlinks=False)
            found = (_identity(self.path.stat()), _identity(lock))
        if found != self._held:
            kind, go_on = self._words
            raise OutputError(
                f"{self.path}: is not the directory that this {kind} began in any more: it was moved, replaced or "
                f"deleted, or its {LOCK} was; nothing more is written; {go_on} where it is now"
            )


@contextmanager
def hold(path: Path, kind: str, go_on: str) -> Iterator[RunLock]:
    """Hold a directory alone, or raise ``LockedError`` at once; ``OutputError`` where there cannot be a lock.

    The two descriptors stay open as long as the lock: their inodes cannot be given to other files meanwhile.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    with (
        _open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW) as directory,
        _open(path / LOCK, flags, directory) as file,
    ):
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OutputError(f"{path / LOCK}: cannot write: it is not a plain file")
        _acquire(file, path)
        try:
            lock = RunLock(path, directory, file, kind, go_on)
            lock.check()
            yield lock
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough: a process that was forked off has it open too


@contextmanager
def _open(path: Path, flags: int, dir_fd: int | None = None) -> Iterator[int]:
    with durable.report_write_errors(path):
        descriptor = os.open(durable.place(path, dir_fd), flags, 0o644, dir_fd=dir_fd)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(file: int, path: Path) -> None:
    """Lock the file against all other processes; the system frees it when this one dies."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD:
            raise LockedError(f"{path}: another process is writing this run; wait or name another") from None
        raise OutputError(f"{path}: the file system has no locks ({durable.cause(error)}); use another one") from error


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
