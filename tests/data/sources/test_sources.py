"""Every source of the registry that needs no file: what it holds, and that the seed alone decides."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from nntrain.data.sources import SOURCES, Source
from nntrain.data.sources.packaged import Digits, Iris
from nntrain.data.sources.synthetic import Blobs, Linear, Moons, Rings, Spirals, Xor
from nntrain.errors import DataError


def needs_no_file(kind: str) -> bool:
    return all(field.default is not dataclasses.MISSING for field in dataclasses.fields(SOURCES[kind]))


FREE = [kind for kind in SOURCES if needs_no_file(kind)]

DRAWN = ("spirals", "moons", "blobs", "rings", "linear")


def test_all_sources_are_there() -> None:
    assert set(SOURCES) == {
        "digits",
        "iris",
        "npz",
        "npy",
        "csv",
        "json_lines",
        "svmlight",
        "parquet",
        "idx",
        "cifar",
        *DRAWN,
        "xor",
    }


@pytest.mark.parametrize("kind", FREE)
def test_contract_of_a_source(kind: str) -> None:
    source: Source = SOURCES[kind]()
    raw = source.load(3)
    X, y = raw.train.X, raw.train.y
    assert X.flags.c_contiguous
    assert len(X) == len(y) > 0
    assert np.isfinite(X).all()
    assert not raw.feature_names or len(raw.feature_names) == X.shape[1]
    if raw.task == "classification":
        assert y.dtype == np.int64
        assert y.shape == (len(X),)
        assert set(y) == set(range(len(raw.class_names)))
    else:
        assert y.ndim == 2
        assert len(raw.target_names) == y.shape[1]
        assert raw.class_names == ()
    again = source.load(3)
    np.testing.assert_array_equal(X, again.train.X)
    np.testing.assert_array_equal(y, again.train.y)
    assert again.fingerprint() == raw.fingerprint()


@pytest.mark.parametrize("kind", DRAWN)
def test_synthetic_points_follow_the_seed(kind: str) -> None:
    a, b = (SOURCES[kind]().load(seed) for seed in (0, 1))
    assert a.fingerprint() != b.fingerprint()


def test_digits() -> None:
    raw = Digits().load(0)
    assert raw.train.X.shape == (1797, 64)
    assert raw.train.X.dtype == np.uint8
    assert (raw.train.X.min(), raw.train.X.max()) == (0, 16)
    assert np.bincount(raw.train.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert raw.train.X[0, :8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert raw.train.X.sum() == 561718
    assert raw.image_shape == (8, 8)


def test_iris() -> None:
    raw = Iris().load(0)
    assert raw.feature_names == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert raw.class_names == ("setosa", "versicolor", "virginica")
    assert np.bincount(raw.train.y).tolist() == [50, 50, 50]
    np.testing.assert_allclose(raw.train.X.mean(axis=0), [5.843333, 3.057333, 3.758, 1.199333], atol=1e-6)
    assert raw.train.X[34].tolist() == [4.9, 3.1, 1.5, 0.2]  # Fisher's value; the file of UCI has 0.1
    assert raw.train.X[37].tolist() == [4.9, 3.6, 1.4, 0.1]  # likewise, there 3.1 and 1.5


def test_xor_is_the_four_points() -> None:
    raw = Xor().load(0)
    assert raw.train.X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert raw.train.y.tolist() == [0, 1, 1, 0]
    numbers = Xor(task="regression").load(0)
    assert numbers.train.y.tolist() == [[0], [1], [1], [0]]
    assert numbers.task == "regression"


def test_moons_without_noise_lie_on_their_arcs() -> None:
    raw = Moons(n=200, noise=0).load(0)
    X, y = raw.train.X, raw.train.y
    np.testing.assert_allclose(np.hypot(*X[y == 0].T), 1)
    np.testing.assert_allclose(np.hypot(*(X[y == 1] - [1, 0.5]).T), 1)
    assert X[y == 0, 1].min() >= 0
    assert X[y == 1, 1].max() <= 0.5


def test_rings_without_noise_have_radius_1_2_3() -> None:
    raw = Rings(n=90, classes=3, noise=0).load(0)
    np.testing.assert_allclose(np.hypot(*raw.train.X.T), raw.train.y + 1)


def test_spirals_without_noise_are_one_arm_turned() -> None:
    raw = Spirals(n=90, classes=3, noise=0).load(0)
    arms = [raw.train.X[raw.train.y == k] for k in range(3)]
    turn = 2 * np.pi / 3
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    np.testing.assert_allclose(arms[1] @ rotation.T, arms[0], atol=1e-12)
    np.testing.assert_allclose(np.sort(np.hypot(*arms[0].T)), np.arange(1, 31) / 30)


def test_blobs_gather_around_their_centres() -> None:
    raw = Blobs(n=3000, features=3, classes=2, noise=0.5).load(0)
    assert raw.train.X.shape == (3000, 3)
    for k in range(2):
        np.testing.assert_allclose(raw.train.X[raw.train.y == k].std(axis=0), 0.5, rtol=0.1)


def test_linear_is_recovered_by_least_squares() -> None:
    raw = Linear(n=50, features=4, targets=2, noise=0).load(0)
    ones = np.hstack([raw.train.X, np.ones((50, 1))])
    solution, *_ = np.linalg.lstsq(ones, raw.train.y)
    np.testing.assert_allclose(ones @ solution, raw.train.y, atol=1e-12)
    assert raw.target_names == ("y1", "y2")


@pytest.mark.parametrize("source", [Spirals(n=10), Moons(n=3), Blobs(n=11, classes=4), Rings(n=7, classes=3)])
def test_classes_get_equal_shares(source: Any) -> None:
    counts = np.bincount(source.load(0).train.y)
    assert counts.max() - counts.min() <= 1
    assert counts.sum() == source.n


def test_too_few_points() -> None:
    with pytest.raises(DataError, match=r"^data\.source\.n: 2 points are too few for 3 classes$"):
        Blobs(n=2).load(0)


def test_a_length_of_iris_from_the_other_lengths() -> None:
    raw = Iris(target="petal_width").load(0)
    assert (raw.task, raw.feature_names) == ("regression", ("sepal_length", "sepal_width", "petal_length"))
    assert (raw.train.X.shape, raw.train.y[:2].tolist()) == ((150, 3), [[0.2], [0.2]])
