"""The idx format and folders of it: every type, every lie about lengths."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nntrain.core.types import Array
from nntrain.data.formats.idx import read_idx
from nntrain.data.sources.idx import Idx
from nntrain.errors import DataError

FOUR = (
    "data.source.path must name a folder that holds train-images-idx3-ubyte, train-labels-idx1-ubyte, "
    "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, .gz or not"
)
CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def encode(array: Array) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype.name], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def fault(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=st.sampled_from(sorted(CODES)).flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(max_dims=4, max_side=4))),
    packed=st.booleans(),
)
def test_round_trip(tmp_path: Path, array: Array, packed: bool) -> None:
    path = tmp_path / "any"
    path.write_bytes(gzip.compress(encode(array)) if packed else encode(array))
    read = read_idx(path)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype
    assert read.dtype.isnative


IMAGES = encode(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too short for an idx file, got 0 bytes"),
        (IMAGES[:3], "too short for an idx file, got 3 bytes"),
        (b"PK\3\4" + IMAGES, "is not an idx file: wrong magic number, got 50 4b 03 04"),
        (b"\0\0\7\3" + IMAGES[4:], "is not an idx file: wrong magic number, got 00 00 07 03"),
        (b"\0\0\x08\0" + IMAGES[4:], "is not an idx file: wrong magic number, got 00 00 08 00"),
        (IMAGES[:9], "idx header of 3 sizes ends too early"),
        (IMAGES[:-1], "shape (2, 3, 4) needs 40 bytes, got 39"),
        (IMAGES + b"\0", "shape (2, 3, 4) needs 40 bytes, got 41"),
        (b"\0\0\x0e\4" + b"\xff" * 16, f"shape {(2**32 - 1,) * 4} needs {20 + 8 * (2**32 - 1) ** 4} bytes, got 20"),
        (gzip.compress(IMAGES[:-1], mtime=0), "shape (2, 3, 4) needs 40 bytes, got 39"),
        (gzip.compress(IMAGES + b"\0", mtime=0), "unpacks to more than the 40 bytes expected of it"),
        (gzip.compress(IMAGES + bytes(10**6), mtime=0), "unpacks to more than the 40 bytes expected of it"),
        (gzip.compress(IMAGES, mtime=0)[:-5], "gzip data ends too early, after 40 unpacked bytes"),
        (b"\x1f\x8b" + b"x" * 40, "damaged gzip data at its start"),
    ],
)
def test_lies_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)
    assert fault(path) == message


def test_a_claim_no_gzip_can_keep_is_refused_before_unpacking(tmp_path: Path) -> None:
    path = tmp_path / "any.gz"
    path.write_bytes(gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, 10**4, 10**4, 10**4)))
    assert fault(path).startswith("claims 1000000000016 bytes for shape (10000, 10000, 10000), more than ")


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_folder(mnist_like: Callable[..., Path], packed: bool, dotted: bool) -> None:
    raw = Idx(path=mnist_like(packed, dotted)).load(0)
    assert raw.test is not None
    assert (raw.train.X.shape, raw.test.X.shape) == ((12, 6), (4, 6))
    assert (raw.train.X.dtype, raw.train.y.dtype) == (np.uint8, np.int64)
    assert raw.class_names == ("0", "1", "2")
    assert raw.image_shape == (3, 2)
    expected = np.random.default_rng(0).integers(0, 256, (12, 3, 2))
    np.testing.assert_array_equal(raw.train.X, expected.reshape(12, 6))


def refuse(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        Idx(path=folder).load(0)
    return str(caught.value).replace(str(folder), "DIR")


def test_without_test_files_there_is_no_test_part(mnist_like: Callable[..., Path]) -> None:
    folder = mnist_like()
    (folder / "t10k-images-idx3-ubyte").unlink()
    (folder / "t10k-labels-idx1-ubyte").unlink()
    assert Idx(path=folder).load(0).test is None


def test_incomplete_folders(mnist_like: Callable[..., Path], tmp_path: Path) -> None:
    folder = mnist_like()
    (folder / "t10k-labels-idx1-ubyte").unlink()
    assert refuse(folder) == f"DIR: no t10k-labels-idx1-ubyte (.gz) among its 3 files; {FOUR}"
    (folder / "train-images-idx3-ubyte").unlink()
    assert refuse(folder) == f"DIR: no train-images-idx3-ubyte (.gz) among its 2 files; {FOUR}"
    assert refuse(tmp_path / "nowhere") == f"DIR: no such folder; {FOUR.replace('a folder', 'one')}"


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-labels-idx1", np.zeros(11, np.uint8), "DIR/train-labels-idx1-ubyte: 11 labels for 12 images"),
        (
            "train-labels-idx1",
            np.zeros((12, 1), np.uint8),
            "DIR: train files are not images and labels, got (12, 3, 2) and (12, 1)",
        ),
        (
            "train-images-idx3",
            np.zeros((0, 3, 2), np.uint8),
            "DIR/train-images-idx3-ubyte: holds no images, got shape (0, 3, 2)",
        ),
        ("t10k-images-idx3", np.zeros((4, 2, 2), np.uint8), "DIR: test images of (2, 2), training images of (3, 2)"),
        (
            "t10k-labels-idx1",
            np.full(4, 7, np.uint8),
            "DIR: t10k labels: class '7' never occurs in training; (one of 0, 1, 2)",
        ),
    ],
)
def test_files_that_do_not_fit(mnist_like: Callable[..., Path], name: str, array: Array, message: str) -> None:
    folder = mnist_like()
    (folder / f"{name}-ubyte").write_bytes(encode(array))
    assert refuse(folder) == message
