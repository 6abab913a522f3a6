"""What data are, in a few bytes: the same for the same numbers, in memory or on disk, in any byte or memory order.

Knows nothing of what the numbers mean.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nntrain.data.formats.on_disk import PIECE, OnDisk
from nntrain.data.transforms.lazy_inputs import Inputs


def digest_of(array: Inputs) -> bytes:
    """Return a SHA-256 of dtype, shape and the digests of pieces of a few MiB, made on all cores."""
    little = array.dtype.newbyteorder("<") if isinstance(array, OnDisk | np.ndarray) else np.dtype(array.dtype)
    digest = hashlib.sha256(f"{little.str}{array.shape}".encode())
    rows = max(1, PIECE // max(1, int(np.prod(array.shape[1:])) * little.itemsize))
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:

        def piece(start: int) -> bytes:
            block = np.ascontiguousarray(array[start : start + rows], dtype=little)
            return hashlib.sha256(block.reshape(-1).view(np.uint8).data).digest()

        for one in pool.map(piece, range(0, len(array), rows)):
            digest.update(one)
    return digest.digest()
