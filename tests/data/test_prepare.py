"""From options to parts: training rows alone are measured, and a model's part is the one it was trained beside."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Dataset, Part
from nntrain.data.known_part import prepare_part
from nntrain.data.options import DataOptions
from nntrain.data.prediction_inputs import InputFile
from nntrain.data.prepare import prepare
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.idx import Idx
from nntrain.data.sources.npz import NpzFile
from nntrain.data.sources.packaged import Digits, Iris
from nntrain.data.sources.synthetic import Linear, Xor
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.scaler import Scaler
from nntrain.data.transforms.transform import Transform
from nntrain.errors import DataError

Write = Callable[..., Path]
PLAIN = Transform(Encoder.identity(), Scaler.identity())


def make(source: Any, dtype: Any = "float32", seed: int = 0, **options: Any) -> Dataset:
    return prepare(DataOptions(source, **options), seed=seed, dtype=dtype)


def fault(source: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        make(source, **options)
    return str(caught.value)


def test_digits_are_ready_for_a_network() -> None:
    data = make(Digits(), validation=0.2, test=0.1, scale="unit")
    assert (len(data.train), len(data.part("validation")), len(data.part("test"))) == (1258, 359, 180)
    assert (data.n_features, data.n_classes, data.n_targets) == (64, 10, 1)
    assert (data.train.X.dtype, data.train.y.dtype) == (np.float32, np.int64)
    assert (data.train.X.min(), data.train.X.max()) == (0, 1)
    assert data.train.X.flags.c_contiguous
    assert data.image_shape == (8, 8)
    assert len(data.fingerprint) == 64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_number_has_the_dtype_of_the_run(dtype: str) -> None:
    data = make(Linear(), dtype=dtype, validation=0.2, scale="standard")
    for part in (data.train, data.part("validation")):
        assert (part.X.dtype, part.y.dtype) == (dtype, dtype)
    assert (data.n_classes, data.n_targets) == (0, 1)


def test_the_scaler_sees_training_rows_alone() -> None:
    data = make(Iris(), validation=0.3, test=0.3, scale="standard", dtype="float64")
    np.testing.assert_allclose(data.train.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.train.X.std(axis=0), 1, rtol=1e-12)
    assert np.abs(data.part("test").X.mean(axis=0)).max() > 1e-3


def test_the_seed_decides_the_split_but_not_the_fingerprint() -> None:
    one, same, other = (make(Iris(), validation=0.2, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.train.X, same.train.X)
    assert not np.array_equal(one.train.X, other.train.X)
    assert one.fingerprint == same.fingerprint == other.fingerprint


def test_the_seed_of_the_data_decides_the_split_in_every_run() -> None:
    options = DataOptions(Iris(), validation=0.2, seed=3)
    one, other = (prepare(options, seed=seed, dtype="float32") for seed in (0, 1))
    same = make(Iris(), validation=0.2, seed=3)  # the seed of the run where the data have none of their own
    for found in (other, same):
        np.testing.assert_array_equal(found.train.X, one.train.X)
        np.testing.assert_array_equal(found.train.y, one.train.y)


def test_xor_whole() -> None:
    data = make(Xor(), dtype="float64")
    assert data.train.X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.validation is None


def test_a_source_with_a_test_part(mnist_like: Callable[..., Path]) -> None:
    source = Idx(path=mnist_like())
    data = make(source, validation=3, scale="unit")
    assert [len(data.part(name)) for name in ("train", "validation", "test")] == [9, 3, 4]
    assert fault(source, test=0.5) == "data.test: the source brings a test part of 4 rows; leave `test` out"


def test_parts_that_are_not_there() -> None:
    data = make(Iris())
    with pytest.raises(DataError, match=r"^data: there is no test part; set data\.test to a fraction or a count of"):
        data.part("test")
    with pytest.raises(DataError, match=r"^split: unknown name, got 'tset'; did you mean 'test'\?"):
        data.part("tset")


def test_one_class_cannot_be_learned(text: Write) -> None:
    assert fault(Csv(path=text("1,a\n2,a\n"))) == "data: one class only, got 'a' in all 2 rows"


def test_targets_beyond_float32(text: Write) -> None:
    source = Csv(path=text("1,1e39\n2,0.5\n"))
    assert fault(source) == "data: a target is too large for float32"
    assert make(source, dtype="float64").train.y[0, 0] == 1e39


def again(data: Dataset, source: Any, split: str, **options: Any) -> Part:
    """Return a part as an evaluation of a model trained on ``data`` gets it."""
    transform = Transform.restore(data.transform.tensors(), json.loads(json.dumps(data.transform.facts())))
    wanted = WantedColumns(data.n_features, transform, "float32", task=data.task, class_names=data.class_names)
    return prepare_part(DataOptions(source, **options), split, wanted, seed=0).part


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("source", [Digits(), Linear()])
def test_evaluation_gets_the_part_of_training(source: Any, split: str) -> None:
    options = {"validation": 0.2, "test": 0.2, "scale": "standard"}
    data = make(source, **options)
    part = again(data, source, split, **options)
    np.testing.assert_array_equal(part.X, data.part(split).X)
    np.testing.assert_array_equal(part.y, data.part(split).y)


def test_new_data_is_numbered_by_the_classes_of_the_model(text: Write) -> None:
    data = make(Csv(path=text("1,a\n3,b\n2,c\n")), scale="minmax")
    part = again(data, Csv(path=text("5,c\n3,c\n", "new.csv")), "train")
    assert part.y.tolist() == [2, 2]
    assert part.X.tolist() == [[2], [1]]


def test_few_whole_numbers_stay_numbers_for_a_regression_model(text: Write) -> None:
    data = make(Csv(path=text("1,0.5\n3,1\n2,7\n")))
    part = again(data, Csv(path=text("5,3\n3,1\n", "new.csv")), "train")
    assert part.y.tolist() == [[3], [1]]
    assert part.y.dtype == np.float32


@pytest.mark.parametrize(
    ("train", "new", "split", "message"),
    [
        ("1,a\n3,b\n", "1,a\n3,z\n", "train", "data: class 'z' never occurs in training; (one of a, b)"),
        ("1,a\n3,b\n", "1,1,a\n3,1,b\n", "train", "data: 2 features, the model takes 1"),
        (
            "1,a\n3,b\n",
            "1,0.5\n3,1\n",
            "train",
            "new.csv: a class label is a whole number or text, got 0.5; for numbers, task: regression",
        ),
        ("1,0.5\n3,1\n", "1,a\n3,b\n", "train", "new.csv:1:2: 'a' is not a number"),
        (
            "1,a\n3,b\n",
            "1,a\n3,b\n",
            "validation",
            "data: there is no validation part; set data.validation to a fraction or a count of rows",
        ),
        ("1,a\n3,b\n", "1,a\n3,b\n", "all", "split: unknown name, got 'all'; (one of test, train, validation)"),
    ],
)
def test_data_that_does_not_fit_the_model(text: Write, train: str, new: str, split: str, message: str) -> None:
    data = make(Csv(path=text(train)))
    with pytest.raises(DataError) as caught:
        again(data, Csv(path=text(new, "new.csv")), split)
    assert str(caught.value).rpartition("/")[2] == message


def test_targets_that_do_not_fit_the_model() -> None:
    options = DataOptions(Linear(targets=2))
    with pytest.raises(DataError, match=r"^data: 2 target columns, the model predicts 3$"):
        prepare_part(options, "train", WantedColumns(3, PLAIN, "float32", task="regression", n_targets=3), seed=0)


def test_multilabel(tmp_path: Path) -> None:
    path = tmp_path / "labels.npz"
    np.savez(path, X=np.eye(4), y=np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]]))
    data = make(NpzFile(path=path))
    assert (data.task, data.n_classes, data.n_targets) == ("multilabel", 3, 3)
    assert data.train.y.dtype == np.float32


ROWS = np.array([[1.0, 2, 4], [4, 5, 6.5]])


def test_inputs_in_every_format(tmp_path: Path, text: Write) -> None:
    transform = Transform(Encoder.identity(), Scaler(np.array([1.0, 1, 1]), np.array([1.0, 2, 1])))
    np.save(tmp_path / "x.npy", ROWS)
    np.save(tmp_path / "big.npy", np.asfortranarray(ROWS.astype(">f4")))
    np.savez(tmp_path / "x.npz", X=ROWS.reshape(2, 3, 1), other=1)
    plain = "1,2,4\n4,5,6.5\n"
    files = [tmp_path / "x.npy", tmp_path / "big.npy", tmp_path / "x.npz"]
    files += [text(plain, "x.csv"), text("a,b,c\n" + plain, "h.csv"), text(plain.replace(",", "\t"), "x.tsv")]
    for path in files:
        file = InputFile(path, WantedColumns(3, transform, "float32"))
        [X] = file
        in_order = "h.csv: the model's columns have no names, so those of the file are taken in order"
        assert [note.rpartition("/")[2] for note in file.notes] == [in_order] * (path.name == "h.csv")
        assert X.dtype == np.float32
        assert X.flags.c_contiguous
        np.testing.assert_array_equal(X, [[0, 2, 3], [3, 8, 5.5]], err_msg=str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3,0\n", "x.csv: 4 features, the model takes 3; leave the target column out"),
        ("1,2\n", "x.csv: 2 features, the model takes 3"),
        ("", "x.csv: is empty"),
        ("a,b,c\n", "x.csv: has a header line but no rows"),
        ("1,2,3\n4,x,6\n", "x.csv:2:2: 'x' is not a number"),
    ],
)
def test_inputs_that_do_not_fit(text: Write, content: str, message: str) -> None:
    path = text(content, "x.csv")
    with pytest.raises(DataError) as caught:
        list(InputFile(path, WantedColumns(3, PLAIN, "float32")))
    assert str(caught.value).replace(f"{path.parent}/", "") == message


def test_npz_inputs_need_an_array_called_X(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", data=ROWS)
    with pytest.raises(DataError, match=r"x\.npz: no array 'X'; \(one of data\)$"):
        list(InputFile(tmp_path / "x.npz", WantedColumns(3, PLAIN, "float32")))
    np.save(tmp_path / "x.npy", np.zeros((0, 3)))
    with pytest.raises(DataError, match=r"x\.npy: inputs have rows and columns, got shape \(0, 3\)$"):
        list(InputFile(tmp_path / "x.npy", WantedColumns(3, PLAIN, "float32")))


def test_a_part_is_as_long_as_its_targets() -> None:
    with pytest.raises(ValueError, match="do not make a part"):
        Part(np.zeros((3, 2)), np.zeros(2))
