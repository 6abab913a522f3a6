"""Metrics as columns, CSV and summaries."""

import csv
import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.train import history

RECORDS: list[dict[str, Any]] = [
    {"epoch": 1, "lr": 0.1, "train": {"cost": 2.0, "accuracy": 0.5}, "validation": {"cost": 1.5}, "seconds": 0.25},
    {"epoch": 2, "lr": 0.1, "train": {"cost": 1.0, "accuracy": 0.75}, "seconds": 0.5},
    {"epoch": 3, "lr": 0.05, "train": {"cost": None, "accuracy": 0.5}, "validation": {"cost": 1.5}, "gradient_norm": 7},
]


def test_csv_has_a_line_a_record_and_empty_cells_for_what_is_missing() -> None:
    assert history.to_csv(RECORDS) == (
        "epoch,lr,train.cost,train.accuracy,validation.cost,seconds,gradient_norm\n"
        "1,0.1,2.0,0.5,1.5,0.25,\n"
        "2,0.1,1.0,0.75,,0.5,\n"
        "3,0.05,,0.5,1.5,,7\n"
    )


def test_csv_of_nothing_is_an_empty_header() -> None:
    assert history.to_csv([]) == "\n"


def test_text_and_truth_values_never_reach_a_cell() -> None:
    records = [{"epoch": 1, "note": "=cmd()", "ok": True, "list": [1], "odd": math.inf, "big": 10**30}]
    assert history.to_csv(records) == "epoch,note,ok,list,odd,big\n1,,,,,1000000000000000000000000000000\n"


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(), max_size=3), min_size=1, max_size=8))
def test_csv_gives_every_finite_number_back_exactly(records: list[dict[str, float]]) -> None:
    records = [{"epoch": epoch, **record} for epoch, record in enumerate(records)]
    rows = list(csv.DictReader(io.StringIO(history.to_csv(records))))
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        finite = {name: value for name, value in record.items() if math.isfinite(value)}
        assert {name: float(cell) for name, cell in row.items() if cell} == finite


def test_numpy_numbers_are_numbers() -> None:
    assert (
        history.to_csv([{"epoch": np.int64(1), "a": np.float64(0.1), "b": np.float32("nan")}]) == "epoch,a,b\n1,0.1,\n"
    )


def test_a_series_leaves_out_what_was_not_measured_and_keeps_gaps_for_what_was_not_finite() -> None:
    assert history.series(RECORDS, "validation.cost") == ([1, 3], [1.5, 1.5])
    epochs, values = history.series(RECORDS, "train.cost")
    assert epochs == [1, 2, 3]
    assert values[:2] == [2.0, 1.0]
    assert math.isnan(values[2])
    assert history.series(RECORDS, "nothing") == ([], [])


@pytest.mark.parametrize(
    ("name", "mode", "epoch"),
    [
        ("train.cost", "min", 2),
        ("train.accuracy", "max", 2),
        ("train.accuracy", "min", 1),
        ("validation.cost", "min", 1),
        ("nothing", "min", None),
    ],
)
def test_the_best_is_the_earliest_of_equals_and_finite(name: str, mode: Any, epoch: int | None) -> None:
    record = history.best(RECORDS, name, mode)
    assert (record and record["epoch"]) == epoch
