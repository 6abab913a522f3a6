"""CIFAR-10's binary records: files, folders, and what is no such record."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.sources.cifar import NAMES, Cifar
from nntrain.errors import DataError

RNG = np.random.default_rng(0)


def write(path: Path, labels: list[int]) -> np.ndarray[Any, Any]:
    """Write records with these labels and random images; return the images."""
    images = RNG.integers(0, 256, (len(labels), 3072)).astype(np.uint8)
    content = np.hstack([np.array(labels, np.uint8)[:, None], images]).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return images


def test_a_folder_as_it_is_published(tmp_path: Path) -> None:
    first, second = write(tmp_path / "data_batch_1.bin", [3, 9]), write(tmp_path / "data_batch_2.bin.gz", [0])
    test = write(tmp_path / "test_batch.bin", [1])
    raw = Cifar(path=tmp_path).load(0)
    assert (raw.task, raw.class_names, raw.image_shape) == ("classification", NAMES, (3, 32, 32))
    np.testing.assert_array_equal(raw.train.array, np.vstack([first, second]))
    assert (raw.train.X.dtype, raw.train.y.tolist()) == (np.uint8, [3, 9, 0])
    assert raw.test is not None
    np.testing.assert_array_equal(raw.test.array, test)


def test_files_of_any_name(tmp_path: Path) -> None:
    images = [write(tmp_path / name, [2]) for name in ("a", "b")]
    raw = Cifar(path=(tmp_path / "a", tmp_path / "b"), test=(tmp_path / "b",)).load(0)
    np.testing.assert_array_equal(raw.train.array, np.vstack(images))
    assert raw.test is not None
    np.testing.assert_array_equal(raw.test.array, images[1])
    assert Cifar(path=tmp_path / "a").load(0).test is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.bin: CIFAR-10 records have 3073 bytes each, got 0 bytes"),
        (bytes(3074), "x.bin: CIFAR-10 records have 3073 bytes each, got 3074 bytes"),
        (bytes(3073) + b"\x0b" + bytes(3072), "x.bin: record 1: labels are 0 to 9, got 11"),
        (gzip.compress(bytes(3073))[:-3], "x.bin: gzip data ends too early, after 3073 unpacked bytes"),
    ],
    ids=range(4),
)
def test_what_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(DataError) as caught:
        Cifar(path=tmp_path / "x.bin").load(0)
    assert str(caught.value) == f"{tmp_path}/{message}"


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no files data_batch\*\.bin\* in this folder$"):
        Cifar(path=tmp_path).load(0)


def test_the_first_images_of_the_real_one(real_data: Path) -> None:
    raw = Cifar(path=real_data / "cifar10-lossless-4000" / "data_batch_1_first4000.bin.gz").load(0)
    assert raw.train.X.shape == (4000, 3072)
    assert np.bincount(raw.train.y).tolist() == [396, 366, 420, 384, 422, 393, 414, 385, 407, 413]
