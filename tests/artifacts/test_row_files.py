"""Rows as CSV, JSON lines, parquet and npy: what is written comes back, floats with the digits that they need."""

import csv
import io
import json
from contextlib import suppress

import numpy as np
import pytest

from nntrain.artifacts.growing_file import growing_file
from nntrain.artifacts.row_files import CsvRows, JsonRows, Labels, NpyRows, ParquetRows
from nntrain.errors import OutputError

SINGLE = np.array([0.1, 1 / 3, 16777216, 1e-45], np.float32)
DOUBLE = np.array([0.1, 1 / 3, -0.0, 1e300])
ROWS = {
    "id": ["7", 'a "b", c', "", "=1+1"],
    "class": Labels(["50 %", "x,y"], np.array([1, 0, 0, 1])),
    "p": SINGLE,
    "y": DOUBLE,
    "n": np.array([1, 0, 3, -2]),
}


def test_csv_comes_back_in_full():
    text = CsvRows().head(ROWS) + CsvRows().lines(ROWS)
    header, *rows = csv.reader(io.StringIO(text))
    assert header == list(ROWS)
    assert [row[0] for row in rows] == ROWS["id"]
    assert [row[1] for row in rows] == ["x,y", "50 %", "50 %", "x,y"]
    assert np.array([row[2] for row in rows], np.float32).tolist() == SINGLE.tolist()
    assert [float(row[3]) for row in rows] == DOUBLE.tolist()
    assert [row[2] for row in rows[:2]] == ["0.100000001", "0.333333343"]
    assert [row[3] for row in rows[:2]] == ["0.1", "0.3333333333333333"]
    assert [row[4] for row in rows] == ["1", "0", "3", "-2"]
    assert "'=1+1" in CsvRows(guard=True).lines(ROWS)
    assert CsvRows().lines({"a": Labels(["u", ""], np.array([0, 1]))}) == 'u\n""\n'


def test_json_lines_come_back_and_what_is_not_finite_is_null():
    rows = ROWS | {"q%": np.array([0.5, np.nan, np.inf, 2.0])}
    found = [json.loads(line) for line in JsonRows().lines(rows).splitlines()]
    assert [row["id"] for row in found] == ROWS["id"]
    assert found[0] == {"id": "7", "class": "x,y", "p": 0.100000001, "y": 0.1, "n": 1, "q%": 0.5}
    assert [row["q%"] for row in found] == [0.5, None, None, 2.0]


def test_npy_comes_back_from_several_pieces(tmp_path):
    path = tmp_path / "p.npy"
    with growing_file(path) as file:
        writer = NpyRows(file)
        for _ in range(3):
            writer.add({"a": SINGLE, "b": SINGLE})
        writer.end()
    found = np.load(path)
    assert (found.dtype, found.shape) == (np.float32, (12, 2))
    assert found[4:8, 1].tolist() == SINGLE.tolist()
    with growing_file(path) as file:
        writer = NpyRows(file)
        writer.add({"class": ROWS["class"]})
        writer.end()
    assert np.load(path).tolist() == ["x,y", "50 %", "50 %", "x,y"]


def test_parquet_comes_back_from_several_pieces(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    with growing_file(tmp_path / "p.parquet") as file:
        writer = ParquetRows(file)
        writer.add(ROWS)
        writer.add(ROWS)
        writer.end()
    found = parquet.read_table(tmp_path / "p.parquet")
    assert found["class"].to_pylist() == ["x,y", "50 %", "50 %", "x,y"] * 2
    assert found["p"].to_pylist() == SINGLE.tolist() * 2
    assert found["id"].to_pylist() == ROWS["id"] * 2


def test_a_file_that_is_not_finished_leaves_the_old_one(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("old", encoding="utf-8")
    with suppress(RuntimeError), growing_file(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["old.csv"]
    with pytest.raises(OutputError, match=r"none/x: cannot write: the directory does not exist"):
        growing_file(tmp_path / "none" / "x").__enter__()
