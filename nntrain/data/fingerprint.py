"""What data are, in a few bytes: the same for the same numbers, in memory or on disk, in any byte or memory order.

Knows nothing of what the numbers mean.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.core.workers import Workers
from nntrain.data.formats.on_disk import PIECE, OnDisk
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.errors import CheckpointError

DIGEST = 8  # bytes of a row's digest
MOST_ROWS = 16_384  # training rows that a checkpoint knows: 128 KiB
BLOCK = 1024  # rows digested together
DIGESTS, SHARE = "rows.digests", "rows.share"  # names of the two tensors in a checkpoint


def digest_of(array: Inputs) -> bytes:
    """Return a SHA-256 of dtype, shape and the digests of pieces of a few MiB, made on all cores."""
    little = array.dtype.newbyteorder("<") if isinstance(array, OnDisk | np.ndarray) else np.dtype(array.dtype)
    digest = hashlib.sha256(f"{little.str}{array.shape}".encode())
    rows = max(1, PIECE // max(1, int(np.prod(array.shape[1:])) * little.itemsize))
    starts = range(0, len(array), rows)
    with Workers(os.cpu_count() or 1) as pool:

        def piece(start: int) -> bytes:
            block = np.ascontiguousarray(array[start : start + rows], dtype=little)
            return hashlib.sha256(block.reshape(-1).view(np.uint8).data).digest()

        for one in pool.map(piece, starts) if len(starts) > 1 else map(piece, starts):
            digest.update(one)
    return digest.digest()


def row_digests(*columns: Array) -> Array:
    """Return a digest of each row of some arrays (n, …) side by side: (n,) of 8 bytes as uint64; -0.0 counts as 0.0."""
    n = len(columns[0])
    rows = [np.ascontiguousarray(array.reshape(n, -1) + 0).view(np.uint8).reshape(n, -1) for array in columns if n]
    digests = [hashlib.blake2b(row.data, digest_size=DIGEST).digest() for row in np.hstack(rows)] if n else []
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class TrainedRows:
    """Digests of the rows that a model was trained on, as the network sees them; of many rows only an even sample.

    ``digests`` (m,) uint64 are ascending; ``share`` is the share of all training rows that they stand for.
    """

    digests: Array
    share: float

    @classmethod
    def of(cls, X: Inputs, y: Array) -> "TrainedRows":
        """Digest training rows X (n, d) with targets y (n, …)."""
        n = len(y)
        rows = np.arange(n) if n <= MOST_ROWS else np.linspace(0, n - 1, MOST_ROWS).astype(np.int64)
        digests = [row_digests(X[some], y[some]) for some in np.array_split(rows, max(1, len(rows) // BLOCK))]
        return cls(np.sort(np.concatenate(digests)), len(rows) / max(1, n))

    def count(self, X: Inputs, y: Array) -> int:
        """Return how many of the rows X (n, d), y (n, …) were trained on; an estimate where there is but a sample."""
        found = 0
        for start in range(0, len(y), BLOCK):
            rows = slice(start, start + BLOCK)
            found += int(np.isin(row_digests(X[rows], y[rows]), self.digests).sum())
        return min(len(y), round(found / self.share)) if found else 0

    @property
    def exact(self) -> bool:
        """Whether all training rows are known."""
        return self.share == 1

    def tensors(self) -> dict[str, Array]:
        """Return the arrays to keep in a checkpoint."""
        return {DIGESTS: self.digests.view(np.int64), SHARE: np.array([self.share])}

    @classmethod
    def restore(cls, tensors: Mapping[str, Array]) -> "TrainedRows | None":
        """Return the rows of a checkpoint, None where it has none: it is of an older version."""
        digests, share = tensors.get(DIGESTS), tensors.get(SHARE)
        if digests is None or share is None:
            return None
        if digests.dtype != np.int64 or digests.ndim != 1 or share.shape != (1,) or not 0 < share[0] <= 1:
            raise CheckpointError(f"checkpoint: '{DIGESTS}' {digests.shape} and '{SHARE}' {share.shape} make no rows")
        return cls(np.ascontiguousarray(digests).view(np.uint64), float(share[0]))
