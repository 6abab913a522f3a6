"""Splits: disjoint, complete, proportional, a function of the seed alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.split import split
from nntrain.errors import DataError


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    fractions=st.tuples(st.floats(0.05, 0.45), st.floats(0.05, 0.45)),
    seed=st.integers(0, 2**32),
)
def test_parts_are_disjoint_complete_and_proportional(
    sizes: list[int], fractions: tuple[float, float], seed: int
) -> None:
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    n = len(classes)
    wanted = [round(fraction * n) for fraction in fractions]
    try:
        rows = split(n, classes, validation=fractions[0], test=fractions[1], seed=seed)
    except DataError:
        assert min(wanted) < 1 or sum(wanted) > n - len(sizes)
        return
    assert rows.validation is not None
    assert rows.test is not None
    assert [len(rows.validation), len(rows.test)] == wanted
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(n))
    assert all((np.diff(part) > 0).all() for part in rows)
    assert set(classes[rows.train]) == set(range(len(sizes)))


@given(sizes=st.lists(st.integers(10, 60), min_size=2, max_size=6), fraction=st.floats(0.1, 0.6))
def test_every_class_gets_its_share_within_one_row(sizes: list[int], fraction: float) -> None:
    classes = np.repeat(np.arange(len(sizes)), sizes)
    rows = split(len(classes), classes, validation=fraction, test=None, seed=0)
    share = len(rows.validation) / len(classes)
    counts = np.bincount(classes[rows.validation], minlength=len(sizes))
    assert (np.abs(counts - share * np.array(sizes)) < 1).all()


def test_counts_and_fractions() -> None:
    classes = np.arange(100) % 10
    assert len(split(100, classes, validation=20, test=None, seed=0).train) == 80
    rows = split(100, classes, validation=0.2, test=0.2, seed=0)
    assert [len(part) for part in rows if part is not None] == [60, 20, 20]
    assert (np.bincount(classes[rows.test]) == 2).all()
    untouched = split(100, classes, validation=None, test=None, seed=0)
    assert len(untouched.train) == 100
    assert untouched.validation is None


def test_the_seed_decides_and_asking_for_validation_keeps_the_test_rows() -> None:
    first, second = (split(50, None, validation=0.2, test=0.2, seed=0) for _ in range(2))
    other = split(50, None, validation=0.2, test=0.2, seed=1)
    alone = split(50, None, validation=None, test=0.2, seed=0)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.test, other.test)
    np.testing.assert_array_equal(first.test, alone.test)


def test_rows_are_drawn_evenly() -> None:
    drawn = np.zeros(20)
    for seed in range(400):
        drawn[split(20, None, validation=5, test=None, seed=seed).validation] += 1
    assert abs(drawn - 100).max() < 40  # 100 ± 4.6 standard deviations of 8.7


@pytest.mark.parametrize(
    ("n", "classes", "validation", "test", "message"),
    [
        (10, None, 10, None, "data.validation: 10 rows taken from 10 would not leave a row to train on"),
        (10, None, 11, None, "data.validation: 11 rows taken from 10 would not leave a row to train on"),
        (10, None, 5, 5, "data.validation: 5 rows taken from 5 would not leave a row to train on"),
        (9, [0, 1, 2] * 3, None, 7, "data.test: 7 rows taken from 9 would not leave a row of each class to train on"),
        (4, None, 0.1, None, "data.validation: 0.1 of 4 rows is less than one row"),
        (1, None, 1, None, "data.validation: 1 rows taken from 1 would not leave a row to train on"),
    ],
)
def test_impossible_splits(
    n: int, classes: list[int] | None, validation: float | None, test: float | None, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        split(n, None if classes is None else np.array(classes), validation=validation, test=test, seed=0)
    assert str(caught.value) == message


def test_a_class_of_one_row_stays_in_training() -> None:
    classes = np.array([0] * 20 + [1])
    for seed in range(20):
        assert 20 in split(21, classes, validation=0.5, test=0.3, seed=seed).train
