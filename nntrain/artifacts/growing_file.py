"""A file that is written piece by piece, and takes the place of another only when it is whole.

Knows nothing of what the bytes mean.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from nntrain.artifacts.durable import TEMPORARY, cause, refuse_irregular, report_write_errors, take_place
from nntrain.errors import OutputError


@contextmanager
def growing_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file to write piece by piece, which takes the place of ``path`` when the block ends without an error.

    Until then the old file is untouched. Raises ``OutputError``.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    with report_write_errors(path):
        refuse_irregular(path)
        file = temporary.open("xb")
    try:
        yield file
        with report_write_errors(path):
            file.flush()
            os.fsync(file.fileno())
            file.close()
        take_place(temporary, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {cause(error)}") from error
    finally:
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            temporary.unlink()
