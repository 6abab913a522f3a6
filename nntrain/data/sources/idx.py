"""A folder with the four files of MNIST, or of a set in its shape such as Fashion-MNIST.

Knows nothing of splits or scaling.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from nntrain.core.types import Array
from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.files import report_read_errors
from nntrain.data.formats.idx import DTYPES, MAX_RANK, read_idx
from nntrain.data.sources.base import SOURCES, Reader, enter
from nntrain.data.tables.labels import labels_of, rename
from nntrain.errors import DataError

SPELLINGS = ("{}-{}-idx{}-ubyte", "{}-{}-idx{}-ubyte.gz", "{}-{}.idx{}-ubyte", "{}-{}.idx{}-ubyte.gz")
_FOUR = (
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, .gz or not"
)


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Idx:
    """A folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-… as MNIST names them, .gz or not."""

    kind: Literal["idx"] = "idx"
    path: Path
    formula: ClassVar[str] = "X (n, rows · columns) bytes, y (n,)"

    def load(self, seed: int) -> Raw:
        """Return images row by row as stored, uint8 as a rule; the test part only where its files are there."""
        images, labels = _pair(self.path, "train")
        y, names = labels_of(labels, str(self.path))
        train = Part(images.reshape(len(images), -1), y)
        test = self._test(images.shape[1:], names) if _find(self.path, "t10k", "images", 3) else None
        return Raw(train, test, "classification", names, image_shape=images.shape[1:])

    def _test(self, shape: tuple[int, ...], known: tuple[str, ...]) -> Part:
        images, labels = _pair(self.path, "t10k")
        if images.shape[1:] != shape:
            raise DataError(f"{self.path}: test images of {images.shape[1:]}, training images of {shape}")
        y, names = labels_of(labels, str(self.path))
        part = Part(images.reshape(len(images), -1), y)
        return rename(part, names, known, lambda _: f"{self.path}: t10k labels")


def _pair(folder: Path, prefix: str) -> tuple[Array, Array]:
    """Return images (n, …) and labels (n,) of one part."""
    paths = [_find_required(folder, prefix, what, rank) for what, rank in (("images", 3), ("labels", 1))]
    images, labels = (read_idx(path) for path in paths)
    if images.ndim < 2 or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{folder}: {prefix} files are not images and labels, got {images.shape} and {labels.shape}")
    if not images.size:
        raise DataError(f"{paths[0]}: holds no images, got shape {images.shape}")
    if len(images) != len(labels):
        raise DataError(f"{paths[1]}: {len(labels)} labels for {len(images)} images")
    return images, labels


def _find_required(folder: Path, prefix: str, what: str, rank: int) -> Path:
    path = _find(folder, prefix, what, rank)
    if path is not None:
        return path
    if not folder.exists():
        raise DataError(f"{folder}: no such folder; data.source.path must name one that holds {_FOUR}")
    with report_read_errors(folder):
        names = {entry.name for entry in folder.iterdir()}
    missing = f"no {SPELLINGS[0].format(prefix, what, rank)} (.gz) among its {len(names)} files"
    raise DataError(f"{folder}: {missing}; data.source.path must name a folder that holds {_FOUR}")


def _find(folder: Path, prefix: str, what: str, rank: int) -> Path | None:
    candidates = (folder / spelling.format(prefix, what, rank) for spelling in SPELLINGS)
    return next((path for path in candidates if path.exists()), None)


def _is_idx(head: bytes) -> bool:
    return len(head) > 4 and head[:2] == b"\0\0" and head[2] in DTYPES and 1 <= head[3] <= MAX_RANK


enter(Reader("idx", "an idx file, as MNIST has them", read_idx, packed=True, recognises=_is_idx))
