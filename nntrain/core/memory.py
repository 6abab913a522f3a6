"""Memory for arrays that products read and write, and running out of it, told in words.

Knows nothing of what is stored.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

import numpy as np
import numpy.typing as npt

from nntrain.core.types import Array

LINE = 64  # bytes of a line of the processor's cache
SIZE = re.compile(r"Unable to allocate (\S+ \S+) for ")  # how NumPy begins


@contextmanager
def name_memory(what: str) -> Iterator[None]:
    """Say of a ``MemoryError`` inside what the memory was for: ``11.9 GiB for 3,000,000,000 parameters``."""
    try:
        yield
    except MemoryError as error:
        size = SIZE.match(str(error))
        raise MemoryError(f"{size[1]} for {what}" if size else what) from None


def zeros(shape: int | Sequence[int], dtype: npt.DTypeLike) -> Array:
    """Return zeros that begin at a line of the cache; NumPy's own begin at any multiple of 16 bytes.

    Products of middle size run up to 1.5 times faster that way (measured), with the same bits.
    """
    dims, kind = (shape,) if isinstance(shape, int) else tuple(shape), np.dtype(dtype)
    nbytes = prod(dims) * kind.itemsize
    memory = np.zeros(nbytes + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + nbytes].view(kind).reshape(dims)
