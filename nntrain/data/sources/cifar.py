"""CIFAR-10's binary records as data: a byte of label, then 3,072 bytes of image.

Knows nothing of splits or scaling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import MinLen

from nntrain.core.fields import ONE_OR_MANY
from nntrain.core.types import Array
from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.files import expansion_limit, inflate, is_gzip, read_bytes, report_read_errors
from nntrain.data.sources.base import SOURCES, Reader, Source, enter
from nntrain.errors import DataError

SHAPE = (3, 32, 32)  # red, green, blue; rows; columns
RECORD = 1 + 3 * 32 * 32
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN, TEST = "data_batch*.bin*", "test_batch*.bin*"


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Cifar:
    """CIFAR-10 images in binary records (.bin, .gz too): files, or a folder with data_batch_… and test_batch.

    ``path`` is a folder, a file or a list of files; ``test`` likewise, for test images that lie elsewhere.
    """

    kind: Literal["cifar"] = "cifar"
    path: Annotated[tuple[Path, ...], ONE_OR_MANY, MinLen(1)]
    test: Annotated[tuple[Path, ...], ONE_OR_MANY] = ()
    formula: ClassVar[str] = "X (n, 3072) bytes: red, green and blue planes of 32 x 32; y in 0…9"

    def load(self, seed: int) -> Raw:
        """Return images as uint8, plane by plane; the test part only where there are files for it."""
        train = [file for path in _many(self.path) for file in _files(path, TRAIN)]
        test = [file for path in _many(self.test) for file in _files(path, TEST)]
        test = test or [file for path in _many(self.path) if path.is_dir() for file in _match_files(path, TEST)]
        return Raw(_part(train), _part(test) if test else None, "classification", NAMES, image_shape=SHAPE)


def _part(files: list[Path]) -> Part:
    records = [_records(path) for path in files]
    whole = records[0] if len(records) == 1 else np.concatenate(records)
    return Part(np.ascontiguousarray(whole[:, 1:]), whole[:, 0].astype(np.int64))


def _records(path: Path) -> Array:
    """Return the records of a file, (n, 3073) uint8; DataError for half a record or a label that is none."""
    stored = read_bytes(path)
    content = inflate(path, stored, expansion_limit(len(stored))) if is_gzip(path) else stored
    if not content or len(content) % RECORD:
        raise DataError(f"{path}: CIFAR-10 records have {RECORD} bytes each, got {len(content)} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() >= len(NAMES):
        row = int((labels >= len(NAMES)).argmax())
        raise DataError(f"{path}: record {row}: labels are 0 to 9, got {labels[row]}")
    return records


def _files(path: Path, pattern: str) -> list[Path]:
    """Return a file itself, or those in a folder; DataError when there is none."""
    if not path.is_dir():
        return [path]
    found = _match_files(path, pattern)
    if not found:
        raise DataError(f"{path}: no files {pattern} in this folder")
    return found


def _match_files(folder: Path, pattern: str) -> list[Path]:
    with report_read_errors(folder):
        return sorted(folder.glob(pattern))


def _many(paths: Path | tuple[Path, ...]) -> tuple[Path, ...]:
    return paths if isinstance(paths, tuple) else (paths,)


def _read_inputs(path: Path) -> Array:
    return np.ascontiguousarray(_records(path)[:, 1:])


def _of_file(path: Path, targets: Sequence[str] | None, own: Source | None) -> Source:
    if targets:
        raise DataError(f"{path}: a file of CIFAR-10's records holds its own labels; name no target")
    return Cifar(path=(path,))


enter(Reader("cifar", "a file of CIFAR-10's records", _read_inputs, packed=True, suffixes=(".bin",), source=_of_file))
