"""What is told of a data set before a model sees it, and the advice that follows: each on data made to deserve it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nntrain.core.types import Array, Task
from nntrain.data.dataset import Part, Raw
from nntrain.data.describe.advice import Scales, advise
from nntrain.data.describe.survey import Survey, survey
from nntrain.data.formats.npy import open_npy
from nntrain.data.formats.on_disk import OnDisk

RNG = np.random.default_rng(0)


def classes(X: Array, y: Sequence[int], *, names: tuple[str, ...] = ("a", "b"), columns: tuple[str, ...] = ()) -> Raw:
    return Raw(Part(np.asarray(X), np.asarray(y)), None, "classification", names, columns)


def surveyed(raw: Raw, **parts: Sequence[int]) -> Survey:
    """Survey data divided as the row numbers say, all for training by default."""
    chosen = {name: raw.train.take(np.asarray(rows)) for name, rows in parts.items()} or {"train": raw.train}
    return survey(raw, chosen, range(raw.train.X.shape[1]), raw.fingerprint())


def advice(found: Survey, scale: str = "standard") -> list[tuple[str, str]]:
    return [(item.what, item.do) for item in advise(found, Scales(scale))]


def normal(rows: int = 40, columns: int = 3) -> Array:
    return RNG.normal(size=(rows, columns))


UNTESTED = ("there is no test part", "set data.test: 0.2 for a score on rows that are not trained on")


def test_classes_are_counted_in_each_part() -> None:
    found = surveyed(classes(normal(6), [0, 1, 0, 1, 0, 0]), train=[0, 1, 2, 4], test=[3, 5])
    assert found.rows == {"train": 4, "test": 2}
    assert found.counts == {"train": [3, 1], "test": [1, 1]}
    assert (found.baseline.answer, found.baseline.figure) == ("always saying 'a'", "accuracy")
    assert found.baseline.scores == {"train": 0.75, "test": 0.5}
    assert found.targets == ()


@pytest.mark.parametrize("k", [1, 2])
def test_numbers_to_predict_have_facts_and_a_baseline(k: int) -> None:
    y = RNG.normal(size=(10, k))
    raw = Raw(Part(normal(10), y), None, "regression", target_names=("u", "v")[:k])
    found = surveyed(raw, train=range(6), test=range(6, 10))
    assert [column.name for column in found.targets] == ["u", "v"][:k]
    assert found.targets[0].mean == pytest.approx(y[:, 0].mean())
    expected = np.sqrt(np.square(y[6:] - y[:6].mean(axis=0)).mean())
    assert found.baseline.scores["test"] == pytest.approx(expected)
    assert found.counts == {}


def test_labels_are_counted_one_by_one() -> None:
    raw = Raw(Part(normal(4), np.array([[1, 0], [1, 0], [1, 1], [0, 0]])), None, "multilabel")
    found = surveyed(raw)
    assert (list(found.class_names), found.counts) == (["y0", "y1"], {"train": [3, 1]})
    assert found.baseline.scores == {"train": 0.75}


def test_repeated_rows_are_found_within_and_across_parts() -> None:
    X = np.array([[0.0, 1.0], [0.0, 1.0], [2.0, 3.0], [-0.0, 1.0], [4.0, 5.0]])
    found = surveyed(classes(X, [0, 1, 0, 0, 1]), train=[0, 1, 2], test=[3, 4])
    assert (found.repeated.within, found.repeated.leaked, found.repeated.conflicting) == (1, {"test": 1}, 3)
    assert advice(found)[0] == (
        "1 row of test (50.0%) is in training too, with the same features",
        "this makes the test score too good; remove repeated rows from the file",
    )
    assert (
        "3 rows have the same features as another row, but another class",
        "no model can get all of these right; look for mistakes in the file, or for a missing column",
    ) in advice(found)


def test_constant_columns_and_copies_are_named() -> None:
    X = normal()
    X[:, 1] = 7
    X = np.hstack([X, X[:, :1]])
    found = surveyed(classes(X, [0, 1] * 20, columns=("w", "x", "y", "z")))
    assert (found.constant, found.duplicates) == ([1], [(0, 3)])
    assert advice(found)[1:] == [
        ("x: the same value in every row", "harmless; data.source.ignore: [x] leaves it out"),
        ("z = w in every row", "data.source.ignore: [z] leaves it out"),
    ]
    many = surveyed(classes(np.ones((40, 12)), [0, 1] * 20))
    assert advice(many)[-1] == (
        "column 0, column 1, column 2, column 3 and 8 more: the same value in every row",
        "harmless; data.source.ignore: [0, 1, 2, 3, …] leaves them out",
    )


@pytest.mark.parametrize("scale", ["none", "unit", "standard", "minmax"])
def test_columns_of_uneven_scale_need_one(scale: str) -> None:
    X = RNG.choice([-1.0, 1.0], (40, 2)) * [1e4, 1]
    X[:2] = [[1e4, 1], [-1e4, -1]]
    found = surveyed(classes(X, [0, 1] * 20))
    told = [do for what, do in advice(found, scale) if "times as much as" in what]
    assert told == (
        ["set data.scale: standard; otherwise small-valued columns hardly influence the model"]
        if scale in ("none", "unit")
        else []
    )


def test_a_column_that_counts_rows_is_an_id() -> None:
    X = np.hstack([np.arange(40.0)[:, None], normal()])
    found = surveyed(classes(X, [0, 1] * 20))
    assert advice(found)[0] == ("column 0: counts the rows, as an id does", "set data.source.ignore: [0]")


def test_missing_values_are_counted_and_too_many_told() -> None:
    X = normal(10)
    X[:6, 1] = np.nan
    X[0, 2] = np.nan
    found = surveyed(classes(X, [0, 1] * 5))
    assert [column.missing for column in found.columns] == [0, 6, 1]
    assert ("many values are missing: column 1 60%", "set data.source.ignore: [1]") in advice(found)


def test_texts_are_told_by_frequency() -> None:
    X = np.array([[0.0], [1.0], [1.0], [np.nan]])
    raw = Raw(Part(X, np.array([0, 1, 0, 1])), None, "classification", ("a", "b"), texts=(("red", "blue"),))
    (column,) = surveyed(raw).columns
    assert (column.is_text, column.distinct, column.missing, column.common) == (True, 2, 1, (("blue", 2), ("red", 1)))


def test_numbers_with_a_unit_or_sign_are_told() -> None:
    X = RNG.integers(0, 3, (40, 1)).astype(float)
    raw = Raw(Part(X, np.arange(40) % 2), None, "classification", ("a", "b"), texts=(("16%", "7%", "5%"),))
    (told,) = [item for item in advice(surveyed(raw)) if "such as" in item[0]]
    assert told[0].endswith("%' are numbers with a unit or sign")
    assert told[1] == "write plain numbers in the file; otherwise each different text is a category of its own"


def test_a_class_missing_in_a_part_and_uneven_classes_are_told() -> None:
    y = [0] * 130 + [1] * 6 + [2] * 2
    raw = classes(normal(138), y, names=("a", "b", "c"))
    found = surveyed(raw, train=[*range(126), *range(130, 138)], test=range(126, 130))
    assert advice(found) == [
        ("train has too few rows of some classes: c 2", "its scores for them mean little; give train more rows"),
        ("test has too few rows of some classes: b 0, c 0", "its scores for them mean little; give test more rows"),
        (
            "the classes are uneven: in training the largest has 126 rows, the smallest 2",
            "compare accuracy with 0.9403, the share of the largest; try loss.class_weights: balanced",
        ),
    ]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_good_data_get_no_advice(task: Task) -> None:
    y = np.arange(40) % 2 if task == "classification" else normal(40, 1)
    raw = Raw(Part(normal(), y), None, task, ("a", "b") if task == "classification" else ())
    assert advice(surveyed(raw, train=range(30), test=range(30, 40))) == []
    assert advice(surveyed(raw)) == [UNTESTED]


def test_the_margin_of_pictures_is_no_fault() -> None:
    X = RNG.integers(0, 256, (20, 4)).astype(np.uint8)
    X[:, 0] = 0
    raw = Raw(Part(X, np.arange(20) % 2), None, "classification", ("a", "b"), image_shape=(2, 2))
    found = surveyed(raw, train=range(16), test=range(16, 20))
    assert found.constant == [0]
    assert advice(found, "unit") == []


# --- rows that stay on the disk ---------------------------------------------------------------------------------------


def on_disk(path: Path, X: Array) -> OnDisk:
    np.save(path.with_suffix(".npy"), X)
    return open_npy(path.with_suffix(".npy"))


@pytest.mark.parametrize("rows", [1, 7, 1000])
@pytest.mark.parametrize("stored", ["<f4", ">f8", "u1", "<i8", "?"])
def test_on_the_disk_all_is_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: str, rows: int
) -> None:
    X = RNG.integers(0, 2 if stored == "?" else 100, (200, 7)).astype(stored)
    X[:, 1] = 1  # constant
    X[:, 4] = X[:, 0]  # a copy
    X[:, 5] = np.arange(200)  # an id
    X[:, 6] = np.roll(X[:, 0], 1)  # the range and mean of another, but no copy
    X[150:] = X[:50]  # repeated
    if stored[1:] == "f4":
        X[:, 2] += np.float32(0.25)
    y = RNG.integers(0, 2, 200)
    memory = X.view(np.uint8) if stored == "?" else X  # as a source gives them
    train, test = Part(memory[:190], y[:190]), Part(memory[190:], y[190:])
    monkeypatch.setattr("nntrain.data.describe.survey.BLOCK_BYTES", rows * 7 * X.itemsize)
    halves = {"train": X[:190], "test": X[190:]}
    disk = [
        Part(on_disk(tmp_path / name, half), part.y)
        for (name, half), part in zip(halves.items(), (train, test), strict=True)
    ]
    found = [
        survey(Raw(*parts, "classification", ("a", "b")), dict(zip(halves, parts, strict=True)), range(7), "")
        for parts in ((train, test), disk)
    ]
    for memory, streamed in zip(found[0].columns, found[1].columns, strict=True):
        figures = [(c.mean, c.deviation) for c in (streamed, memory)]
        assert figures[0] == pytest.approx(figures[1], rel=1e-12)
        assert replace(streamed, mean=memory.mean, deviation=memory.deviation) == memory
    assert replace(found[1], columns=found[0].columns) == found[0]
    assert found[0].duplicates[0] == (0, 4)


def test_on_the_disk_more_than_a_thousand_values_are_not_counted(tmp_path: Path) -> None:
    X = np.stack([np.arange(1000.0).repeat(2), np.append(np.arange(1999.0), 0.5), np.arange(2000.0)], axis=1)
    raw = classes(np.zeros((2000, 3)), np.arange(2000) % 2)
    found = surveyed(replace(raw, train=Part(on_disk(tmp_path / "x.npy", X), raw.train.y)))
    facts = [(column.distinct, column.more, column.whole, column.rising) for column in found.columns]
    assert facts == [(1000, False, True, False), (1000, True, False, False), (1000, True, True, True)]
