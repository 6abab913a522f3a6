"""Reading a whole file: devices and pipes are refused before they can block, links only if that is asked for.

Knows nothing of what the bytes mean.
"""

import errno
import os
import stat
from pathlib import Path

from nntrain.artifacts import durable


class IrregularFileError(OSError):
    """What a path leads to is a device, a pipe or a directory."""


def read(path: Path, *, follow_links: bool = True, dir_fd: int | None = None) -> bytes:
    """Return the contents of a plain file. With ``dir_fd`` only the name of ``path`` counts, in that directory.

    Raises ``OSError``, of the kind ``IrregularFileError`` for what is no plain file, and ``ValueError``.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
    descriptor = os.open(durable.place(path, dir_fd), flags, dir_fd=dir_fd)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IrregularFileError(errno.EINVAL, "not a plain file")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    finally:
        os.close(descriptor)


def size(path: Path, *, dir_fd: int | None = None) -> int | None:
    """Return the length of a file in bytes, None when there is none."""
    try:
        return os.stat(durable.place(path, dir_fd), dir_fd=dir_fd).st_size
    except FileNotFoundError:
        return None


def is_there(path: Path, *, dir_fd: int | None = None) -> bool:
    """Tell whether the directory has an entry of this name, be it a link that leads nowhere."""
    try:
        os.stat(durable.place(path, dir_fd), dir_fd=dir_fd, follow_symlinks=False)
    except OSError:
        return False
    return True


def names(directory: Path, *, descriptor: int | None = None) -> list[str]:
    """Return the names in a directory, that of the descriptor if one is given. Raises ``OSError``."""
    with os.scandir(directory if descriptor is None else descriptor) as entries:
        return [entry.name for entry in entries]
