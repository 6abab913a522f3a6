"""npz archives and npy files: what they mean, and that nothing in them is run or believed."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntrain.core.types import Array
from nntrain.data.dataset import Raw
from nntrain.data.formats.npy import read_npy
from nntrain.data.sources.npz import NpzFile
from nntrain.errors import DataError

X = np.arange(12.0).reshape(4, 3)


def npy_file(path: Path, header: str, *, claimed: int | None = None) -> Path:
    """Write an npy file of version 2 with any header, and any claim of its length."""
    length = len(header) if claimed is None else claimed
    path.write_bytes(b"\x93NUMPY\x02\x00" + length.to_bytes(4, "little") + header.encode() + bytes(16))
    return path


HEADERS = [
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2)}", None, "shape (True, 2) is not of whole numbers"),
    ("{", 2**31, "its header claims 2147483648 bytes, at most 10000 are read"),
]


@pytest.mark.parametrize(("header", "claimed", "cause"), HEADERS)
def test_an_npy_header_is_not_believed(tmp_path: Path, header: str, claimed: int | None, cause: str) -> None:
    path = npy_file(tmp_path / "x.npy", header, claimed=claimed)
    with pytest.raises(DataError) as caught:
        read_npy(path)
    assert str(caught.value) == f"{path}: is not an npy array: {cause}"


@pytest.mark.parametrize(
    "array", [X, np.asfortranarray(X), X.T, np.array(["ab", "c"]), np.zeros((3, 0)), np.float64(2)]
)
def test_an_npy_file_is_read_as_it_was_saved(tmp_path: Path, array: Array) -> None:
    np.save(tmp_path / "x.npy", array)
    found = read_npy(tmp_path / "x.npy")
    np.testing.assert_array_equal(found, array, strict=True)
    assert not isinstance(found, np.memmap)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.npz"


def load(path: Path, arrays: dict[str, Any], **settings: Any) -> Raw:
    np.savez_compressed(path, **arrays)
    return NpzFile(path=path, **settings).load(0)


def fault(path: Path, **settings: Any) -> str:
    with pytest.raises(DataError) as caught:
        NpzFile(path=path, **settings).load(0)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{path.parent}/", "")


def attempt(path: Path) -> Raw | str:
    """Return what was loaded, or why it was not."""
    try:
        return NpzFile(path=path).load(0)
    except DataError as error:
        return str(error)


@pytest.mark.parametrize(
    ("y", "task", "names", "expected"),
    [
        ([10, 2, 10, -1], "classification", ("-1", "2", "10"), [2, 1, 2, 0]),
        (np.array([0, 10**9, 0, 0], np.uint64), "classification", ("0", "1000000000"), [0, 1, 0, 0]),
        ([True, False, True, True], "classification", ("0", "1"), [1, 0, 1, 1]),
        ([0.0, 1.0, 2.0, 1.0], "classification", ("0", "1", "2"), [0, 1, 2, 1]),
        (["b", "a", "b", "a"], "classification", ("a", "b"), [1, 0, 1, 0]),
        ([b"b", b"a", b"b", b"a"], "classification", ("a", "b"), [1, 0, 1, 0]),
        ([[3], [1], [3], [1]], "classification", ("1", "3"), [1, 0, 1, 0]),
        ([0.5, 1.0, 2.0, 1.0], "regression", (), [[0.5], [1], [2], [1]]),
        ([[0.5, 1], [0, 1], [1, 2], [2, 1]], "regression", (), [[0.5, 1], [0, 1], [1, 2], [2, 1]]),
        ([[0, 1], [0, 1], [1, 2], [2, 1]], "regression", (), [[0, 1], [0, 1], [1, 2], [2, 1]]),
        ([[0, 1], [0, 0], [1, 1], [0, 1]], "multilabel", (), [[0, 1], [0, 0], [1, 1], [0, 1]]),
    ],
)
def test_what_targets_are_taken_for(path: Path, y: Any, task: str, names: tuple[str, ...], expected: Any) -> None:
    raw = load(path, {"X": X, "y": np.array(y)})
    assert (raw.task, raw.class_names) == (task, names)
    np.testing.assert_array_equal(raw.train.y, expected)


def test_task_and_names_can_be_told(path: Path) -> None:
    arrays = {"inputs": X, "targets": np.array([1, 2, 3, 4]), "more": X[:2], "answers": np.array([2, 1])}
    raw = load(path, arrays, X="inputs", y="targets", X_test="more", y_test="answers", task="regression")
    assert raw.train.y.tolist() == [[1], [2], [3], [4]]
    assert raw.test is not None
    assert raw.test.y.tolist() == [[2], [1]]


def test_images_are_flattened(path: Path) -> None:
    images = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
    raw = load(path, {"X": images, "y": np.array([0, 1, 0, 1])})
    assert raw.image_shape == (2, 3, 3)
    np.testing.assert_array_equal(raw.train.X, images.reshape(4, 18))
    assert raw.train.X.dtype == np.uint8


@pytest.mark.parametrize(
    "stored",
    [X.astype(">f8"), X.astype("<f4"), X.astype(">f2"), X.astype(">i4"), X.astype(np.uint8), np.asfortranarray(X)],
    ids=lambda array: f"{array.dtype.str}{'F' if array.flags.f_contiguous else 'C'}",
)
def test_every_storage_gives_the_same_numbers(path: Path, stored: Array) -> None:
    raw = load(path, {"X": stored, "y": np.array([0, 1, 0, 1])})
    np.testing.assert_array_equal(raw.train.X, X)
    assert raw.train.X.flags.c_contiguous
    assert raw.train.X.dtype.isnative


def test_byte_and_memory_order_do_not_change_the_fingerprint(path: Path) -> None:
    y = np.array([0, 1, 0, 1])
    prints = {load(path, {"X": stored, "y": y}).fingerprint() for stored in (X, X.astype(">f8"), np.asfortranarray(X))}
    assert len(prints) == 1
    changed = X.copy()
    changed[3, 2] = np.nextafter(changed[3, 2], 100)
    assert load(path, {"X": changed, "y": y}).fingerprint() not in prints
    assert load(path, {"X": X, "y": y[::-1]}).fingerprint() not in prints
    assert load(path, {"X": X, "y": y, "X_test": X, "y_test": y}).fingerprint() not in prints


def test_same_bytes_in_another_type_or_shape_are_other_data(path: Path) -> None:
    zeros = (np.zeros((4, 1), np.float32), np.zeros((4, 4), np.uint8), np.zeros((4, 2), np.int16))
    assert len({load(path, {"X": stored, "y": Y}).fingerprint() for stored in zeros}) == 3


Y = np.array([0, 1, 0, 1])
TWO = np.stack([Y, 2 * Y], axis=1)
NAN = np.where(X == 7, np.nan, X)


@pytest.mark.parametrize(
    ("arrays", "settings", "message"),
    [
        ({"x": X, "y": Y}, {}, "data.npz: no array 'X'; (one of x, y)"),
        ({"X": X, "y": Y}, {"y": "yy"}, "data.npz: no array 'yy'; did you mean 'y'? (one of X, y)"),
        ({"X": X, "y": Y[:3]}, {}, "data.npz: X (4, 3) and y (3,) differ in their number of rows"),
        ({"X": X, "y": np.array(1)}, {}, "data.npz: X (4, 3) and y () differ in their number of rows"),
        ({"X": X[:, 0], "y": Y}, {}, "data.npz: X: inputs have rows and columns, got shape (4,)"),
        ({"X": X[:0], "y": Y[:0]}, {}, "data.npz: X: inputs have rows and columns, got shape (0, 3)"),
        ({"X": X[:, :0], "y": Y}, {}, "data.npz: X: inputs have rows and columns, got shape (4, 0)"),
        ({"X": X.astype(str), "y": Y}, {}, "data.npz: X: values of type <U32 are not numbers"),
        ({"X": X * 1j, "y": Y}, {}, "data.npz: X: values of type complex128 are not numbers or text"),
        ({"X": NAN, "y": Y}, {}, "data.npz: X[2, 1]: is not a finite number, got nan"),
        ({"X": X, "y": Y / 0.3}, {"task": "classification"}, None),
        ({"X": X, "y": NAN[:, 1]}, {}, "data.npz: y[2, 0]: is not a finite number, got nan"),
        (
            {"X": X, "y": TWO},
            {"task": "classification"},
            "data.npz: y: classes are one column, or several with a single 1 among 0s in each row, got shape (4, 2)",
        ),
        ({"X": X, "y": TWO}, {"task": "multilabel"}, "data.npz: y: labels are 0 or 1, got values from 0 to 2"),
        ({"X": X, "y": Y.astype(str)}, {"task": "regression"}, "data.npz: y: values of type <U21 are not numbers"),
        (
            {"X": X, "y": Y, "X_test": X},
            {},
            "data.npz: no array 'y_test'; did you mean 'X_test'? (one of X, X_test, y)",
        ),
        ({"X": X, "y": Y}, {"X_test": "T"}, "data.npz: no array 'T'; (one of X, y)"),
        ({"X": X, "y": Y, "X_test": X[:, :2], "y_test": Y}, {}, "data.npz: X_test has rows of (2,), X of (3,)"),
        (
            {"X": X, "y": Y, "X_test": X, "y_test": Y + 1},
            {},
            "data.npz: y_test: class '2' never occurs in training; (one of 0, 1)",
        ),
        (
            {"X": X, "y": X, "X_test": X, "y_test": X[:, :2]},
            {},
            "data.npz: y_test (4, 2) and y differ in their number of columns",
        ),
    ],
)
def test_faults_are_named(path: Path, arrays: dict[str, Array], settings: dict[str, Any], message: str | None) -> None:
    np.savez(path, **arrays)
    got = fault(path, **settings)
    assert got == message or (message is None and "a class label is a whole number or text, got 3.3333" in got)


class Trap:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (str(self.path), "w"))


def test_pickles_are_never_loaded(path: Path) -> None:
    trap = path.parent / "sprung"
    np.savez(path, X=np.array([[Trap(trap)]], dtype=object), y=Y)
    assert fault(path) == "data.npz: X: holds Python objects, which are never loaded; store numbers or text"
    path.write_bytes(pickle.dumps(Trap(trap)))
    assert fault(path) == "data.npz: damaged npz archive: File is not a zip file"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", pickle.dumps(Trap(trap)))
        archive.writestr("y.npy", pickle.dumps(Trap(trap)))
    assert "data.npz: X: is not an npy array" in fault(path)
    assert not trap.exists()


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (2,), (-1, -1), (2**62, 4)])
def test_headers_that_lie(path: Path, shape: tuple[int, ...]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", header(shape) + bytes(8))
        archive.writestr("y.npy", header((1,)) + bytes(8))
    assert f"X: shape {shape} of float64 needs" in fault(path)
    lone = path.with_suffix(".npy")
    lone.write_bytes(header(shape) + bytes(8))
    with pytest.raises(DataError, match=r"data\.npy: shape .* of float64 needs"):
        read_npy(lone)


@pytest.mark.parametrize(
    "start",
    [
        b"\x93NUMPY\x01\x00\x10\x00{'a': open('x')}",
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535,
        b"\x93NUMPY\x01\x00\x08\x00{[]: 1} ",
        b"\x93NUMPY\x03\x00\x08\x00\x00\x00xxxxxxxx",
        b"\x93NUMPY\x09\x09",
        b"\x93NUM",
        b"",
    ],
)
def test_headers_that_are_none(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "data.npy"
    path.write_bytes(start)
    with pytest.raises(DataError, match=r"^.*data\.npy: is not an npy array: [^\n]*$"):
        read_npy(path)


def test_bomb_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.formats.files.FREE_EXPANSION", 1 << 16)
    np.savez_compressed(path, X=np.zeros((1 << 20, 8)), y=Y)
    assert "data.npz: X: unpacks from " in fault(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_loads_the_same_or_fails_in_one_line(tmp_path: Path, data: st.DataObject) -> None:
    whole = io.BytesIO()
    np.savez_compressed(whole, X=X, y=Y)
    content = bytearray(whole.getvalue())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "data.npz"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    outcome = attempt(path)
    if isinstance(outcome, str):
        assert "\n" not in outcome
    else:
        np.testing.assert_array_equal(outcome.train.X, X)
