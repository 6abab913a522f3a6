"""Files to predict from: columns found by their names, many rows read in bounded memory, unseen texts counted."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.core.types import Array
from nntrain.data.options import DataOptions
from nntrain.data.prediction_inputs import InputFile
from nntrain.data.prepare import prepare
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.errors import DataError

Write = Callable[..., Path]
ANIMALS = "kind,weight,legs,sold\n" + "cat,4,4,yes\ndog,30,4,no\nemu,40,2,no\ncat,5,4,yes\n"


@pytest.fixture
def wanted(text: Write) -> WantedColumns:
    """Return what a model of animals takes: kind, weight and legs."""
    data = prepare(DataOptions(Csv(path=text(ANIMALS))), seed=0, dtype="float64")
    return WantedColumns(data.n_features, data.transform, "float64", data.feature_names, data.target_names)


def read(path: Path, wanted: WantedColumns) -> tuple[Array, list[str]]:
    """Return all rows, and the notes without the folder."""
    file = InputFile(path, wanted)
    rows = np.concatenate([np.asarray(block) for block in file])
    return rows, [note.replace(f"{path.parent}/", "") for note in file.notes]


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("kind,weight,legs\ndog,30,4\n", []),
        ("dog,30,4\n", []),
        ("legs,kind,weight\n4,dog,30\n", []),
        ("sold,legs,kind,weight\nno,4,dog,30\n", ["new.csv: passed over, since the model predicts it: 'sold'"]),
        (
            "id,legs,sold,kind,weight\n7,4,,dog,30\n",
            ["new.csv: not used: 'id'; passed over, since the model predicts it: 'sold'"],
        ),
        (
            "Legs,'kind', weight \n4,dog,30\n",
            ["""new.csv:1: "'kind'" is taken for 'kind\'""", "new.csv:1: 'Legs' is taken for 'legs'"],
        ),
        ("kind;weight;legs\r\ndog;30;4\r\n", []),
    ],
)
def test_columns_are_found_by_name_or_in_order(
    text: Write, wanted: WantedColumns, content: str, notes: list[str]
) -> None:
    X, told = read(text(content, "new.csv"), wanted)
    assert X.tolist() == [[0, 1, 0, 30, 4]]
    assert told == notes


def test_names_above_texts_alone_are_a_header(text: Write) -> None:
    data = prepare(DataOptions(Csv(path=text("u,v,w\na,x,1\nb,y,0\n"))), seed=0, dtype="float64")
    wanted = WantedColumns(data.n_features, data.transform, "float64", data.feature_names)
    assert read(text("v,u\nx,a\ny,b\n", "new.csv"), wanted)[0].tolist() == [[1, 0, 1, 0], [0, 1, 0, 1]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind,weight\ndog,30\n", "new.csv:1: columns are missing: 'legs'"),
        (
            "kind,wieght,leg\ndog,30,4\n",
            "new.csv:1: columns are missing: 'weight', 'legs'; not known to the model: 'wieght', 'leg'",
        ),
        (
            "a,b,c\ndog,30,4\n",
            "new.csv:1: columns are missing: 'kind', 'weight', 'legs'; not known to the model: 'a', 'b', 'c'; "
            "put the names of the model's columns above the values, or leave such a line out",
        ),
        ("kind,weight,LEGS,Legs\ndog,30,4,4\n", "new.csv:1: 'LEGS', 'Legs' may all be 'legs'; rename them"),
        ("kind,weight,legs,legs\ndog,30,4,4\n", "new.csv:1: several columns are named 'legs'"),
        ("dog,30,4,no\n", "new.csv: 4 features, the model takes 3; leave the target column out"),
        ("dog,30\n", "new.csv: 2 features, the model takes 3"),
        ("dog,30,4\ndog,30\n", "new.csv:2: row of 2 columns, 3 are expected"),
        ("kind,weight,legs\ndog,?,4\n", "new.csv:2:2 (weight): missing value, got '?'; "),
    ],
)
def test_files_that_do_not_fit(text: Write, wanted: WantedColumns, content: str, message: str) -> None:
    path = text(content, "new.csv")
    with pytest.raises(DataError) as caught:
        read(path, wanted)
    assert str(caught.value).replace(f"{path.parent}/", "").startswith(message)


def test_faults_far_down_have_their_place(text: Write, wanted: WantedColumns) -> None:
    rows = ["cat,4,4"] * 10_000
    rows[8_999] = "cat,,4"
    with pytest.raises(DataError, match=r"new\.csv:9000:2: missing value"):
        read(text("\n".join(rows), "new.csv"), wanted)
    rows[8_999] = "cat,x,4"
    with pytest.raises(DataError, match=r"new\.csv:9000:2: 'x' is not a number"):
        read(text("\n".join(rows), "new.csv"), wanted)


def test_unseen_texts_are_counted_over_all_rows(text: Write, wanted: WantedColumns) -> None:
    rows = ["cat,4,4"] * 10_000
    rows[7] = rows[9_000] = "yak,4,4"
    X, notes = read(text("\n".join(rows), "new.csv"), wanted)
    assert len(X) == 10_000
    assert X[7, :3].tolist() == X[9_000, :3].tolist() == [0, 0, 0]
    unseen = "2 rows hold a text that training never saw, such as 'yak'; it counts as none of the known"
    assert notes == [f"new.csv: column 'kind': {unseen}"]


def test_memory_does_not_grow_with_the_file(text: Write, wanted: WantedColumns) -> None:
    def peak(rows: int) -> int:
        path = text("cat,4,4\n" * rows, "new.csv")
        tracemalloc.start()
        total = sum(len(block) for block in InputFile(path, wanted))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert total == rows
        return most

    assert peak(48_000) < 1.2 * peak(16_000)
