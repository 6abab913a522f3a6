"""Parquet files: tables like any other, and what is none."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.autospec.source import DataRequest, find_source
from nntrain.data.dataset import Dataset
from nntrain.data.options import DataOptions
from nntrain.data.prepare import prepare
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.parquet import Parquet, ParquetTable
from nntrain.data.tables.columns import Kinds
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
            "x.parquet: column 'a' (list<element: int64>) holds no numbers or texts; set data.source.ignore: [a]",
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


def test_the_index_of_pandas_is_left_out(tmp_path: Path) -> None:
    from pyarrow import parquet

    table = arrow.table({"a": [0.5, 1.5, 2.5], "y": ["u", "v", "u"], "__index_level_0__": [7, 3, 5]})
    path = tmp_path / "x.parquet"
    kept = {b"pandas": b'{"index_columns": ["__index_level_0__"], "columns": [], "column_indexes": []}'}
    parquet.write_table(table.replace_schema_metadata(kept), path)
    raw = Parquet(path=path).load(0)
    assert (raw.feature_names, raw.target_names, raw.class_names) == (("a",), ("y",), ("u", "v"))
    assert raw.notes == (f"{path}: column '__index_level_0__' is left out: it is the index that pandas kept",)
    assert Parquet(path=path, target="__index_level_0__").load(0).feature_names == ("a", "y")


def test_all_unusable_columns_are_named_at_once(tmp_path: Path) -> None:
    from datetime import date, datetime
    from decimal import Decimal

    columns = {
        "day": [date(2024, 1, 1), date(2024, 1, 2)],
        "at": [datetime(2024, 1, 1, 5), datetime(2024, 1, 2, 6)],
        "remark": arrow.nulls(2),
        "cost": [Decimal("1.50"), Decimal("2.25")],
        "y": ["u", "v"],
    }
    path = write(tmp_path / "x.parquet", columns)
    message = "x.parquet: columns 'day' (dates), 'at' (times), 'remark' (no value in any row) hold no numbers or texts"
    assert fault(Parquet(path=path)) == f"{message}; set data.source.ignore: [day, at, remark]"
    data = make(Parquet(path=path, ignore=("day", "at", "remark")))
    assert (data.feature_names, data.train.array.tolist()) == (("cost",), [[1.5], [2.25]])
    found = find_source(DataRequest(path)).values
    assert (found["ignore"], found["target"], found["task"]) == (["day", "at", "remark"], "y", "classification")


def test_what_is_missing_can_be_told(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"n": [-9999.0, 1.5], "place": ["NA", "x"], "y": [0, 1]})
    raw = Parquet(path=path, na=(-9999,), missing="mean").load(0)
    np.testing.assert_array_equal(raw.train.X, [[np.nan, 0], [1.5, 1]])
    assert raw.texts[1] == ("NA", "x")


def test_row_groups_are_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.sources.parquet.BATCH", 1)
    table = ParquetTable(write(tmp_path / "x.parquet", ROWS))
    blocks = [block[0].values.tolist() for block in table.blocks([2], Kinds(number=[2]))]
    assert blocks == [[4, 4], [2, 4], [4]]
    assert [len(values) for values in ParquetTable(table.path).columns([2])[0:1]] == [5]
    assert table.locate(4, 1) == (f"{table.path}: row 5, column 'weight'", "2.0")


def test_what_unpacks_without_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    path = tmp_path / "x.parquet"
    parquet.write_table(arrow.table({"a": np.zeros(10**6), "y": np.zeros(10**6)}), path, compression="zstd")
    monkeypatch.setattr("nntrain.data.sources.parquet.FREE", 1 << 20)
    monkeypatch.setattr("nntrain.data.formats.files.FREE_EXPANSION", 1 << 20)
    size = path.stat().st_size
    message = f"x.parquet: unpacks from {size:,} bytes to 1,000,000 rows of 2 columns; store it with less compression"
    assert fault(Parquet(path=path)) == message
