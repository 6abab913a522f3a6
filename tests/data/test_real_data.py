"""Real data sets as their authors published them: counts, statistics, and honest refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Raw
from nntrain.data.options import DataOptions
from nntrain.data.prepare import prepare
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.idx import Idx
from nntrain.data.sources.packaged import Digits, Iris
from nntrain.errors import DataError


def load(real_data: Path, name: str, **settings: Any) -> Raw:
    return Csv(path=real_data / name, **settings).load(0)


@pytest.mark.parametrize(("folder", "mean"), [("mnist", 0.130660), ("fashion-mnist", 0.286041)])
def test_mnist_and_its_likes(real_data: Path, folder: str, mean: float) -> None:
    options = DataOptions(Idx(path=real_data / folder), validation=10_000, scale="unit")
    data = prepare(options, seed=0, dtype="float32")
    assert [data.part(name).X.shape for name in ("train", "validation", "test")] == [
        (50_000, 784),
        (10_000, 784),
        (10_000, 784),
    ]
    X = data.train.array
    assert (X.dtype, X.min(), X.max()) == (np.float32, 0, 1)
    assert data.class_names == tuple("0123456789")
    whole = np.concatenate([X, data.part("validation").array]).mean(dtype=np.float64)
    assert whole == pytest.approx(mean, abs=1e-6)
    shares = np.bincount(data.part("validation").y) / 10_000
    np.testing.assert_allclose(shares, np.bincount(data.train.y) / 50_000, atol=2e-4)


def test_optdigits(real_data: Path) -> None:
    raw = load(real_data, "optdigits/optdigits.tra", test=real_data / "optdigits/optdigits.tes")
    assert np.bincount(raw.train.y).tolist() == [376, 389, 380, 389, 387, 376, 377, 387, 380, 382]
    shipped = Digits().load(0)
    assert raw.test is not None
    np.testing.assert_array_equal(raw.test.X, shipped.train.X)
    np.testing.assert_array_equal(raw.test.y, shipped.train.y)


def test_breast_cancer(real_data: Path) -> None:
    raw = load(real_data, "wdbc/wdbc.data", target=1, ignore=(0,))
    assert raw.train.X.shape == (569, 30)
    assert raw.class_names == ("B", "M")
    assert np.bincount(raw.train.y).tolist() == [357, 212]
    assert raw.train.X[:, 0].mean() == pytest.approx(14.127292, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("wine.csv", (178, 13), {"1": 59, "2": 71, "3": 48}),
        ("wheat-seeds.csv", (210, 7), {"1": 70, "2": 70, "3": 70}),
        ("banknote_authentication.csv", (1372, 4), {"0": 762, "1": 610}),
        ("pima-indians-diabetes.csv", (768, 8), {"0": 500, "1": 268}),
        ("sonar.csv", (208, 60), {"M": 111, "R": 97}),
        ("ionosphere.csv", (351, 34), {"b": 126, "g": 225}),
        ("glass.csv", (214, 9), {"1": 70, "2": 76, "3": 17, "5": 13, "6": 9, "7": 29}),
        ("phoneme.csv", (5404, 5), {"0": 3818, "1": 1586}),
        ("winequality-red.csv", (1599, 11), {"3": 10, "4": 53, "5": 681, "6": 638, "7": 199, "8": 18}),
    ],
)
def test_small_tables(real_data: Path, name: str, shape: tuple[int, int], classes: dict[str, int]) -> None:
    raw = load(real_data, f"tabular/uci-jbrownlee/{name}")
    assert raw.train.X.shape == shape
    assert dict(zip(raw.class_names, np.bincount(raw.train.y).tolist(), strict=True)) == classes


def test_iris_is_the_one_of_others(real_data: Path) -> None:
    theirs, ours = load(real_data, "tabular/uci-jbrownlee/iris.csv"), Iris().load(0)
    differ = (theirs.train.X != ours.train.X).any(axis=1)
    assert differ.sum() <= 2  # rows 35 and 38, wrong in the file of UCI
    np.testing.assert_array_equal(theirs.train.y, ours.train.y)


def test_boston_housing_is_separated_by_blanks(real_data: Path) -> None:
    raw = load(real_data, "tabular/uci-jbrownlee/housing.data")
    assert raw.task == "regression"
    assert raw.train.X.shape == (506, 13)
    assert raw.train.y[:3].tolist() == [[24.0], [21.6], [34.7]]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "tabular/uci-jbrownlee/breast-cancer-wisconsin.data",
            {},
            "24:7: missing value, got '?'",
        ),
        ("adult/adult-train.csv", {}, "15:14: missing value, got '?'"),
        (
            "california-housing/housing.csv",
            {"target": "median_house_value", "ignore": ("ocean_proximity",)},
            "184:5 (total_bedrooms): missing value, got ''",
        ),
    ],
)
def test_tables_with_gaps_are_refused_unless_told_otherwise(
    real_data: Path, name: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        load(real_data, name, **settings)
    assert str(caught.value) == f"{real_data / name}:{message}; set data.source.missing to mean or drop"
