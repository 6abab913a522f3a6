"""Tables with texts and gaps: encoded by what the training rows hold, refused, filled in or dropped as told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.known_part import prepare_part
from nntrain.data.options import DataOptions
from nntrain.data.prediction_inputs import InputFile
from nntrain.data.prepare import prepare
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.data.transforms.transform import Transform
from nntrain.errors import CheckpointError, DataError

pytestmark = pytest.mark.usefixtures("reader")
Write = Callable[..., Path]
PETS = "kind,weight,legs,sold\ncat,4,4,yes\ndog,30,4,no\nbird,,2,yes\ncat,6,?,no\n,2,4,yes\n"


def make(source: Any, **options: Any) -> Dataset:
    return prepare(DataOptions(source, **options), seed=0, dtype="float64")


def fault(source: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        make(source, **options)
    return str(caught.value).replace(f"{source.path.parent}/", "")


def wanted_by(data: Dataset) -> WantedColumns:
    names = {"targets": data.target_names, "class_names": data.class_names}
    return WantedColumns(data.n_features, restore(data), "float64", data.feature_names, task=data.task, **names)


def restore(data: Dataset) -> Transform:
    return Transform.restore(data.transform.tensors(), json.loads(json.dumps(data.transform.facts())))


def test_texts_become_one_hot_and_gaps_means(text: Write) -> None:
    data = make(Csv(path=text(PETS), missing="mean"))
    assert data.feature_names == ("kind=bird", "kind=cat", "kind=dog", "weight", "legs")
    np.testing.assert_array_equal(
        data.train.X,
        [[0, 1, 0, 4, 4], [0, 0, 1, 30, 4], [1, 0, 0, 10.5, 2], [0, 1, 0, 6, 3.5], [0, 1, 0, 2, 4]],
    )
    assert data.train.y.tolist() == [1, 0, 1, 0, 1]


def test_rows_with_gaps_can_be_dropped(text: Write) -> None:
    data = make(Csv(path=text(PETS), missing="drop"))
    np.testing.assert_array_equal(data.train.X, [[1, 0, 4, 4], [0, 1, 30, 4]])
    assert [note.rpartition("/")[2] for note in data.notes] == [
        "data.csv: 3 of 5 rows left out, with a missing value each"
    ]


@pytest.mark.parametrize(
    ("content", "missing", "message"),
    [
        (PETS, "error", "data.csv:4:2 (weight): missing value, got ''; set data.source.missing to mean or drop"),
        (
            PETS.replace("30,4,no", "30,4,NA"),
            "mean",
            "data.csv:3:4 (sold): missing value, got 'NA'; "
            "a target cannot be filled in; set data.source.missing to drop, or data.source.na to [] if 'NA' is a class",
        ),
        ("x,y\n?,1\n2,?\n", "drop", "data.csv: every row has a missing value"),
        ("x,z,y\n?,1,0\n?,2,1\n", "mean", "data: column 'x' has no value in any training row; ignore it"),
    ],
)
def test_gaps_that_cannot_be_taken(text: Write, content: str, missing: Any, message: str) -> None:
    assert fault(Csv(path=text(content), missing=missing)) == message


@pytest.mark.parametrize(
    ("scale", "expected"), [("standard", [-1, 1, 0]), ("minmax", [0, 1, 0.5]), ("unit", [0, 1, 0.5])]
)
def test_one_hot_features_are_not_scaled(text: Write, scale: Any, expected: list[float]) -> None:
    data = make(Csv(path=text("a,1,0\nb,3,1\na,,1\n"), missing="mean"), scale=scale)
    columns = np.asarray(data.train.X).T
    assert columns[:2].tolist() == [[1, 0, 1], [0, 1, 0]]
    np.testing.assert_allclose(columns[2], np.array(expected) * (np.sqrt(1.5) if scale == "standard" else 1))


@pytest.mark.parametrize("scale", ["standard", "minmax", "unit"])
def test_what_is_not_trained_on_changes_nothing_that_is_fitted(text: Write, scale: Any) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{i},{rng.choice(['a', 'b', '?'])},{rng.choice(['', '7'])},{i % 2}" for i in range(40)]
    source = Csv(path=text("\n".join(rows)), missing="mean")
    options = DataOptions(source, validation=10, test=10, scale=scale)
    data = prepare(options, seed=0, dtype="float64")
    shift, scaling = (data.transform.tensors()[name][0] for name in ("scaler.shift", "scaler.scale"))
    number = np.rint(np.asarray(data.train.X)[:, 0] / scaling + shift)  # of each training row, as it stands in the file
    changed = [row if i in number else f"1e6,zebra,-1e6,{i % 2}" for i, row in enumerate(rows)]
    assert sum(row in rows for row in changed) == 20
    again = prepare(
        DataOptions(Csv(path=text("\n".join(changed)), missing="mean"), 10, 10, scale), seed=0, dtype="float64"
    )
    assert again.transform.encoder.categories == data.transform.encoder.categories
    for name, array in data.transform.tensors().items():
        np.testing.assert_array_equal(again.transform.tensors()[name], array, err_msg=name)


def test_a_text_that_training_never_saw_is_none_of_the_known(text: Write) -> None:
    test = text("kind,x,y\nemu,1,0\ncat,2,1\nemu,2,1\n", "test.csv")
    data = make(Csv(path=text("kind,x,y\ncat,1,0\ndog,2,1\n"), test=test))
    np.testing.assert_array_equal(np.asarray(data.part("test").X), [[0, 0, 1], [1, 0, 2], [0, 0, 2]])
    assert data.notes == (
        "test: column 'kind': 2 rows hold a text that training never saw, such as 'emu'; "
        "it counts as none of the known",
    )


def test_numbers_can_be_told_to_be_kinds(text: Write) -> None:
    data = make(Csv(path=text("zip,x,y\n07,1,0\n7,2,1\n07,3,1\n"), text=("zip",)))
    assert data.feature_names == ("zip=07", "zip=7", "x")
    assert np.asarray(data.train.X)[:, 0].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("values", "count"), [([f"name{i}" for i in range(60)], 60), ([f"n{i // 2}" for i in range(2400)], 1200)]
)
def test_a_column_of_names_is_refused(text: Write, values: list[str], count: int) -> None:
    path = text("".join(f"{value},1,{i % 2}\n" for i, value in enumerate(values)))
    expected = f"data: feature column 0 holds {count} different texts in {len(values)} training rows; ignore it"
    assert fault(Csv(path=path, header=False)) == expected


def test_test_labels_that_end_with_a_dot_are_the_same(text: Write) -> None:
    test = text("1,<=50K.\n2,>50K.\n", "test.csv")
    data = make(Csv(path=text("1,<=50K\n3,>50K\n"), test=test))
    assert data.part("test").y.tolist() == [0, 1]
    (note,) = data.notes
    assert note.endswith("data.csv have not; taken for the same")
    message = "test.csv:1:2: class '<=50K.' never occurs in training; did you mean '<=50K'? (one of <=50K, >50K)"
    assert fault(Csv(path=text("1,<=50K\n3,>50K\n"), test=text("1,<=50K.\n2,>60K.\n", "test.csv"))) == message


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ("1,2,a\n3,4,b\n5,6,b\n", "x,2,a\ny,4,b\n", "test.csv:1:1: 'x' is not a number; is this line a header?"),
        ("x,2,a\ny,4,b\n", "x,,a\n", "test.csv:1:2: missing value, got ''; set data.source.missing to mean or drop"),
    ],
)
def test_a_test_file_keeps_the_kinds_of_the_training_file(text: Write, train: str, test: str, message: str) -> None:
    path = text("3,4,a\n" + test if "header" in message else test, "test.csv")
    assert fault(Csv(path=text(train), test=path)) == message.replace("1:1", "2:1").replace(
        "; is this line a header?", ""
    )


def test_several_targets(text: Write) -> None:
    path = text("a,x,b\n1.5,7,2\n2,8,3\n")
    data = make(Csv(path=path, target=("a", "b")))
    assert (data.task, data.target_names) == ("regression", ("a", "b"))
    assert data.train.y.tolist() == [[1.5, 2], [2, 3]]
    labels = make(Csv(path=text("0,7,1\n1,8,1\n", "labels.csv"), target=(0, -1)))
    assert (labels.task, labels.train.y.tolist()) == ("multilabel", [[0, 1], [1, 1]])
    assert fault(Csv(path=path, target=("a", "a"))) == "data.csv: a column can be a target once only, got 'a'"
    words = text("a,x,b\n1,7,u\n2,8,v\n", "words.csv")
    assert fault(Csv(path=words, target=("a", "b"))) == "words.csv:2:3 (b): 'u' is not a number"
    message = "data.csv: classes are one column, or several with a single 1 among 0s in each row, got 2 others"
    assert fault(Csv(path=path, target=("a", "b"), task="classification")) == message


# --- division ---------------------------------------------------------------------------------------------------------


def test_a_column_divides_the_rows(text: Write) -> None:
    rows = "x,part,y\n1,train,0\n2,Test,1\n3,valid,1\n4,training,1\n5,TEST,0\n"
    data = make(Csv(path=text(rows), split="part"))
    parts = {name: np.asarray(data.part(name).X)[:, 0].tolist() for name in ("train", "validation", "test")}
    assert parts == {"train": [1, 4], "validation": [3], "test": [2, 5]}
    source = Csv(path=text(rows), split="part")
    assert fault(source, test=0.2) == "data: the split column divides the rows; leave `validation` and `test` out"
    source = Csv(path=text(rows.replace("valid", "vain")), split="part")
    assert (
        fault(source) == "data.csv:4:2 (part): names no part of the data, got 'vain'; (one of train, validation, test)"
    )
    source = Csv(path=text(rows), split="part", test=text(rows, "test.csv"))
    assert fault(source) == "data: the source brings a test part of 5 rows, the split column another"


def test_rows_keep_their_side_when_the_file_grows(text: Write) -> None:
    rows = [f"u{i % 70},{i},{i % 2}\n" for i in range(300)]
    sides = {}
    for count in (200, 300):
        data = make(Csv(path=text("".join(rows[:count])), key=0, header=False), validation=0.2, test=0.1)
        parts = {n: set(np.asarray(data.part(n).X)[:, 0].tolist()) for n in ("train", "validation", "test")}
        sides[count] = parts
        assert sum(map(len, parts.values())) == count
        users = [{int(x) % 70 for x in part} for part in parts.values()]
        assert not users[0] & users[1]
        assert not users[0] & users[2]
        assert not users[1] & users[2]
        assert len(parts["validation"]) == pytest.approx(0.2 * count, abs=0.12 * count)
    assert all(sides[200][name] <= sides[300][name] for name in sides[200])
    assert data.n_features == 1


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ({"key": 0}, {"test": 3}, "data.test: with a key this is a fraction of the rows, got the count 3"),
        ({"key": 0}, {"test": 1e-9}, "data.test: none of the 4 rows has a key that falls in this part"),
        ({"key": 0, "split": 1}, {}, "data.csv: rows are divided by `split` or by `key`, not both"),
        ({"key": -1}, {}, "data.csv: the target column cannot be the key as well, got -1"),
        ({"split": 1}, {}, "data: the split column leaves no row to train on"),
    ],
)
def test_divisions_that_cannot_be(text: Write, settings: Any, options: Any, message: str) -> None:
    path = text("a,test,1,0\nb,test,2,1\nc,test,3,1\nd,test,4,0\n")
    assert fault(Csv(path=path, header=False, **settings), **options) == message


# --- a model's own transform ------------------------------------------------------------------------------------------


def test_evaluation_and_prediction_apply_what_training_fitted(text: Write) -> None:
    source = Csv(path=text(PETS), missing="mean")
    data = make(source, scale="standard")
    scored = prepare_part(DataOptions(source, scale="standard"), "train", wanted_by(data), seed=0)
    np.testing.assert_array_equal(scored.part.X, data.train.X)
    assert scored.notes == []
    new = text("legs,kind,name,weight\n4,cat,Tom,4\n2,emu,Rod,?\n", "new.csv")
    file = InputFile(new, WantedColumns(5, restore(data), "float64"))
    [X] = file
    np.testing.assert_array_equal(np.asarray(X)[0], np.asarray(data.train.X)[0])
    assert np.asarray(X)[1, :3].tolist() == [0, 0, 0]
    assert np.asarray(X)[1, 3] == pytest.approx(0)
    assert [note.rpartition("/")[2] for note in file.notes] == [
        "new.csv: not used: 'name'",
        "new.csv: column 'kind': 1 row holds a text that training never saw, such as 'emu'; "
        "it counts as none of the known",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind,weight\ncat,4\n", "new.csv:1: columns are missing: 'legs'"),
        ("kind,weight,legs\ncat,x,4\ncat,1,4\n", "new.csv:2:2 (weight): 'x' is not a number"),
        (
            "kind,weight,legs\ncat,,4\n",
            "new.csv:2:2 (weight): missing value, got ''; the model was not trained with data.source.missing: mean",
        ),
        ("cat,4\n", "new.csv: 2 features, the model takes 3"),
    ],
)
def test_inputs_that_do_not_fit(text: Write, content: str, message: str) -> None:
    data = make(Csv(path=text("kind,weight,legs,sold\ncat,4,4,yes\ndog,30,4,no\n")))
    path = text(content, "new.csv")
    with pytest.raises(DataError) as caught:
        list(InputFile(path, WantedColumns(4, restore(data), "float64")))
    assert str(caught.value).replace(f"{path.parent}/", "") == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "kind,weight,sold\ncat,4,yes\n,30,no\n",
            "data: column 'kind' has missing values, and the model nothing to fill in",
        ),
        (
            "kind,weight,sold\ncat,a,yes\ndog,b,no\n",
            "other.csv:2:2 (weight): 'a' is not a number",
        ),
    ],
)
def test_other_data_that_does_not_fit(text: Write, content: str, message: str) -> None:
    data = make(Csv(path=text("kind,weight,sold\ncat,4,yes\ndog,30,no\n")))
    other = DataOptions(Csv(path=text(content, "other.csv"), missing="mean", header=True))
    with pytest.raises(DataError) as caught:
        prepare_part(other, "train", wanted_by(data), seed=0)
    assert str(caught.value).rpartition("/")[2].startswith(message)


def test_numbers_where_the_model_knows_texts_are_looked_up_as_they_are_spelled(text: Write) -> None:
    data = make(Csv(path=text("kind,weight,sold\n7,4,yes\nx,30,no\n")))
    other = DataOptions(Csv(path=text("kind,weight,sold\n7,4,yes\n8,30,no\n", "other.csv")))
    scored = prepare_part(other, "train", wanted_by(data), seed=0)
    assert np.asarray(scored.part.X)[:, :2].tolist() == [[1, 0], [0, 0]]
    assert len(scored.notes) == 1


def test_a_checkpoint_whose_parts_do_not_fit(text: Write) -> None:
    data = make(Csv(path=text(PETS), missing="mean"))
    tensors = data.transform.tensors()
    with pytest.raises(CheckpointError, match=r"^checkpoint: 'encoder\.fill' \(2,\) does not fit 3 columns$"):
        Transform.restore(tensors | {"encoder.fill": np.zeros(2)}, data.transform.facts())
