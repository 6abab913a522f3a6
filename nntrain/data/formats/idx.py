"""The idx format of MNIST: magic 0 0 type rank, big-endian sizes, then the values; plain or gzip.

Knows nothing of images, labels or folders.
"""

import math
import struct
import zlib
from pathlib import Path

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.files import GZIP_MAGIC, inflate, read_bytes
from nntrain.errors import DataError

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_RANK = 8
MAX_DEFLATE = 1032  # no deflate stream unfolds further, so a larger claim is a lie
LONGEST_HEADER = 4 + 4 * MAX_RANK


def read_idx(path: Path) -> Array:
    """Return the array of an idx file, native byte order, read-only; DataError when header and length disagree."""
    stored = read_bytes(path)
    packed = stored[:2] == GZIP_MAGIC
    dtype, shape = _header(path, _start(path, stored) if packed else stored[:LONGEST_HEADER])
    header = 4 + 4 * len(shape)
    expected = header + math.prod(shape) * dtype.itemsize
    if packed and expected > MAX_DEFLATE * len(stored):
        raise DataError(f"{path}: claims {expected} bytes for shape {shape}, more than {len(stored)} packed can hold")
    content = inflate(path, stored, expected) if packed else stored
    if len(content) != expected:
        raise DataError(f"{path}: shape {shape} needs {expected} bytes, got {len(content)}")
    values = np.frombuffer(content, dtype, offset=header).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)


def _start(path: Path, stored: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(stored[:4096], LONGEST_HEADER)
    except zlib.error:
        raise DataError(f"{path}: damaged gzip data at its start") from None


def _header(path: Path, start: bytes) -> tuple[np.dtype, tuple[int, ...]]:
    if len(start) < 4:
        raise DataError(f"{path}: too short for an idx file, got {len(start)} bytes")
    if start[:2] != b"\0\0" or start[2] not in DTYPES or not 1 <= start[3] <= MAX_RANK:
        raise DataError(f"{path}: is not an idx file: wrong magic number, got {start[:4].hex(' ')}")
    rank = start[3]
    if len(start) < 4 + 4 * rank:
        raise DataError(f"{path}: idx header of {rank} sizes ends too early")
    return np.dtype(DTYPES[start[2]]), struct.unpack_from(f">{rank}I", start, 4)
