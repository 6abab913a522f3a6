"""Running out of memory, told in words: what asked for it, and how much. Knows nothing of what is stored."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

SIZE = re.compile(r"Unable to allocate (\S+ \S+) for ")  # how NumPy begins


@contextmanager
def name_memory(what: str) -> Iterator[None]:
    """Say of a ``MemoryError`` inside what the memory was for: ``11.9 GiB for 3,000,000,000 parameters``."""
    try:
        yield
    except MemoryError as error:
        size = SIZE.match(str(error))
        raise MemoryError(f"{size[1]} for {what}" if size else what) from None
