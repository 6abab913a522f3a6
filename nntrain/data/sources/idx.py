"""The files of MNIST, or of a set in its shape such as Fashion-MNIST: a folder of four, or images with their labels.

Knows nothing of splits or scaling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from nntrain.core.fields import RARE
from nntrain.core.types import Array
from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.files import report_read_errors
from nntrain.data.formats.idx import DTYPES, MAX_RANK, read_idx
from nntrain.data.sources.base import SOURCES, Reader, Source, enter
from nntrain.data.tables.labels import labels_of, rename
from nntrain.errors import DataError

SPELLINGS = ("{}-{}-idx{}-ubyte", "{}-{}-idx{}-ubyte.gz", "{}-{}.idx{}-ubyte", "{}-{}.idx{}-ubyte.gz")
_FOUR = (
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, .gz or not"
)


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Idx:
    """A folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-… as MNIST names them, .gz or not.

    ``path`` may also name a file of images alone; the file of its ``labels`` lies beside it, if it is not named.
    """

    kind: Literal["idx"] = "idx"
    path: Path
    labels: Path | None = field(default=None, metadata=RARE)
    formula: ClassVar[str] = "X (n, rows · columns) bytes, y (n,)"

    def load(self, seed: int) -> Raw:
        """Return images row by row as stored, uint8 as a rule; the test part only where its files are there."""
        if self.path.is_file():
            images, labels = self._read_file()
        elif self.labels is not None:
            raise DataError(f"{self.path}: is a folder; data.source.labels is for a file of images")
        else:
            images, labels = _pair(self.path, "train")
        y, names = labels_of(labels, str(self.path))
        train = Part(images.reshape(len(images), -1), y)
        if self.path.is_file():
            return Raw(train, None, "classification", names, image_shape=images.shape[1:])
        test = self._test(images.shape[1:], names) if _find(self.path, "t10k", "images", 3) else None
        return Raw(train, test, "classification", names, image_shape=images.shape[1:])

    def _read_file(self) -> tuple[Array, Array]:
        labels = self.labels or _labels_beside(self.path)
        return _read_pair(self.path, labels, f"{self.path} and {labels}")

    def _test(self, shape: tuple[int, ...], known: tuple[str, ...]) -> Part:
        images, labels = _pair(self.path, "t10k")
        if images.shape[1:] != shape:
            raise DataError(f"{self.path}: test images of {images.shape[1:]}, training images of {shape}")
        y, names = labels_of(labels, str(self.path))
        part = Part(images.reshape(len(images), -1), y)
        return rename(part, names, known, lambda _: f"{self.path}: t10k labels")


def _pair(folder: Path, prefix: str) -> tuple[Array, Array]:
    """Return images (n, …) and labels (n,) of one part."""
    images, labels = (_find_required(folder, prefix, what, rank) for what, rank in (("images", 3), ("labels", 1)))
    return _read_pair(images, labels, f"{folder}: {prefix} files")


def _read_pair(images_path: Path, labels_path: Path, where: str) -> tuple[Array, Array]:
    """Return images (n, …) and labels (n,) of two files, which a message calls ``where``."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim < 2 or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{where} are not images and labels, got {images.shape} and {labels.shape}")
    if not images.size:
        raise DataError(f"{images_path}: holds no images, got shape {images.shape}")
    if len(images) != len(labels):
        raise DataError(f"{labels_path}: {len(labels)} labels for {len(images)} images")
    return images, labels


def _labels_beside(images: Path) -> Path:
    """Return the file of labels that lies beside one of images: called as it is, with ``labels`` for ``images``."""
    name = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    found = [path for path in (images.with_name(name), images.with_name(f"{name}.gz")) if path.is_file()]
    if "images" not in images.name or not found:
        raise DataError(f"{images}: has no labels; name the idx file that holds them as data.source.labels or --target")
    return found[0]


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


def _of_file(path: Path, targets: Sequence[str] | None, own: Source | None) -> Source:
    if targets and len(targets) > 1:
        raise DataError(f"{path}: the labels are one idx file, got {len(targets)}")
    return Idx(path=path, labels=Path(targets[0]) if targets else None)


enter(Reader("idx", "an idx file, as MNIST has them", read_idx, packed=True, recognises=_is_idx, source=_of_file))
