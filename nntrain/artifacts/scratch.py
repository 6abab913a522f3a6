"""Folders that are needed for a moment and are gone however it ends. Knows nothing of what is put into them."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir


@contextmanager
def scratch_folder(prefix: str, root: Path | None = None) -> Iterator[Path]:
    """Make a folder in ``root`` (the system's temporary folder) and remove it at the end, also when a signal ends it.

    ``tempfile.TemporaryDirectory`` leaves its folder behind if the exception of a signal arises just after the folder
    was made, or within the removal. So the name is chosen here before the folder is made, and a removal that is broken
    off is made again. Raises ``OSError`` if no folder can be made.
    """
    folder = Path(root or gettempdir(), prefix + secrets.token_hex(8))
    try:
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
