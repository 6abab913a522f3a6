"""Parquet files: tables like any other, and what is none."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.options import DataOptions
from nntrain.data.prepare import prepare
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.parquet import Parquet
from nntrain.errors import DataError, MissingExtraError

arrow = pytest.importorskip("pyarrow", reason="pyarrow: pip install 'nntrain[arrow]'")
ROWS = {
    "kind": ["cat", "dog", None, "cat", "?"],
    "weight": [4.5, 30.0, None, float("nan"), 2.0],
    "legs": [4, 4, 2, 4, 4],
    "tame": [True, True, False, True, False],
    "sold": ["yes", "no", "yes", "no", "yes"],
}


def write(path: Path, columns: dict[str, Any]) -> Path:
    from pyarrow import parquet

    parquet.write_table(arrow.table(columns), path, row_group_size=2)
    return path


def make(source: Any, **options: Any) -> Dataset:
    return prepare(DataOptions(source, **options), seed=0, dtype="float64")


def fault(source: Any) -> str:
    with pytest.raises(DataError) as caught:
        make(source)
    return str(caught.value).replace(f"{source.path.parent}/", "")


def attempt(source: Any) -> str:
    """Return why data cannot be made ready, if they cannot."""
    try:
        make(source)
    except DataError as error:
        return str(error)
    return ""


def test_it_is_the_table_that_csv_would_give(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", ROWS)
    lines = [
        ",".join("" if v is None else str(int(v) if v is True or v is False else v) for v in row)
        for row in zip(*ROWS.values(), strict=True)
    ]
    text = tmp_path / "x.csv"
    text.write_text("\n".join([",".join(ROWS), *lines]))
    ours, theirs = (
        make(source, scale="standard")
        for source in (Parquet(path=path, missing="mean"), Csv(path=text, missing="mean"))
    )
    assert ours.feature_names == theirs.feature_names
    assert ours.class_names == theirs.class_names
    np.testing.assert_array_equal(ours.train.array, theirs.train.array)
    np.testing.assert_array_equal(ours.train.y, theirs.train.y)


def test_dictionaries_and_numbers_told_to_be_kinds(tmp_path: Path) -> None:
    columns = {"zip": [7, 8, 7], "colour": arrow.array(["r", "g", "r"]).dictionary_encode(), "y": [0.5, 1.5, 2.5]}
    data = make(Parquet(path=write(tmp_path / "x.parquet", columns), text=("zip",)))
    assert data.feature_names == ("zip=7", "zip=8", "colour=g", "colour=r")
    assert (data.task, data.train.y.tolist()) == ("regression", [[0.5], [1.5], [2.5]])


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        (
            ROWS,
            {},
            "x.parquet: row 3, column 'kind': missing value, got ''; set data.source.missing to mean or drop",
        ),
        ({"a": [1.0, float("inf")], "y": [0, 1]}, {}, "x.parquet: row 2, column 'a': 'inf' is not a finite number"),
        (
            {"a": [[1], [2]], "y": [0, 1]},
            {},
            "x.parquet: column 'a' holds list<element: int64>, not numbers or text; ignore it",
        ),
        ({"a": [1, 2], "y": ["u", "v"]}, {"task": "regression"}, "x.parquet: row 1, column 'y': 'u' is not a number"),
        ({"a": [1, 2], "y": [0, 1]}, {"target": "z"}, "x.parquet:1: no column 'z'; (one of a, y)"),
    ],
)
def test_faults_are_placed(tmp_path: Path, columns: Any, settings: Any, message: str) -> None:
    assert fault(Parquet(path=write(tmp_path / "x.parquet", columns), **settings)) == message


def test_test_file(tmp_path: Path) -> None:
    train, test = {"a": ["u", "v"], "y": ["p", "q"]}, {"a": ["w", "u"], "y": ["q", "q"]}
    source = Parquet(path=write(tmp_path / "x.parquet", train), test=write(tmp_path / "t.parquet", test))
    data = make(source)
    assert (data.part("test").array.tolist(), data.part("test").y.tolist()) == ([[0, 0], [1, 0]], [1, 1])
    source = Parquet(path=source.path, test=write(tmp_path / "t.parquet", {"b": ["u"], "y": ["p"]}))
    assert fault(source) == "t.parquet: columns are missing: 'a'; not known to the model: 'b'"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"a,b\n1,2\n"])
def test_what_is_no_parquet_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    message = fault(Parquet(path=path))
    assert message.startswith("x.parquet: is not a parquet file: ")
    assert "\n" not in message


def test_a_damaged_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"a": list(range(1000)), "y": [0, 1] * 500})
    content = bytearray(path.read_bytes())
    for position in range(4, len(content), 397):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        path = tmp_path / f"{position}.parquet"  # to write one file again and again may wait for the disk
        path.write_bytes(damaged)
        assert "\n" not in attempt(Parquet(path=path))


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.parquet", {"a": [1, 2], "y": [0, 1]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError) as caught:
        Parquet(path=path).load(0)
    assert str(caught.value) == "parquet files need pyarrow: pip install 'nntrain[arrow]'"
