"""Folds, whole groups, and the order of time: what scikit-learn's splitters promise, held for every drawing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.core.types import Array
from nntrain.data.options import DataOptions
from nntrain.data.placed_rows import PlacedRows
from nntrain.data.prepare import prepare
from nntrain.data.row_facts import NO_FACTS, RowFacts
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.npy import NpyFiles
from nntrain.data.sources.npz import NpzFile
from nntrain.data.sources.packaged import Iris
from nntrain.data.split import Rows, split, validate_fold
from nntrain.errors import DataError

Write = Callable[..., Path]


def folds_of(n: int, classes: Array | None, k: int, facts: RowFacts = NO_FACTS, **asked: Any) -> list[Rows]:
    rows = split(n, classes, **{"validation": None, "test": None, "seed": 0} | asked, facts=facts)
    seed = asked.get("seed", 0)
    return [validate_fold(rows, classes, facts, folds=k, fold=fold, seed=seed) for fold in range(k)]


def check_cover(found: list[Rows], rows: Array) -> None:
    """Every row validates once, and trains in all other folds."""
    parts = [one.validation for one in found]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), rows)
    for one in found:
        np.testing.assert_array_equal(np.sort(np.concatenate([one.train, one.validation])), rows)
        assert all((np.diff(part) > 0).all() for part in (one.train, one.validation))


def spread(counts: list[int]) -> int:
    return max(counts) - min(counts)


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5), k=st.integers(2, 7), seed=st.integers(0, 2**20))
def test_folds_are_disjoint_covering_and_stratified_within_one_row(sizes: list[int], k: int, seed: int) -> None:
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    if len(classes) < k:
        return
    found = folds_of(len(classes), classes, k, seed=seed)
    check_cover(found, np.arange(len(classes)))
    assert spread([len(one.validation) for one in found]) <= 1
    for label in range(len(sizes)):
        assert spread([int((classes[one.validation] == label).sum()) for one in found]) <= 1


def test_folds_divide_what_a_test_part_leaves_and_depend_on_the_seed() -> None:
    found = folds_of(100, None, 4, test=0.2)
    left = np.setdiff1d(np.arange(100), found[0].test)
    check_cover(found, left)
    assert all(np.array_equal(one.test, found[0].test) for one in found)
    assert [len(one.validation) for one in found] == [20] * 4
    other = folds_of(100, None, 4, test=0.2, seed=1)
    assert not np.array_equal(found[0].validation, other[0].validation)


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 12), min_size=4, max_size=25), k=st.integers(2, 4), seed=st.integers(0, 2**20))
def test_no_group_is_in_two_folds(sizes: list[int], k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    classes = rng.integers(0, 3, len(groups))
    found = folds_of(len(groups), classes, k, RowFacts(groups), seed=seed)
    check_cover(found, np.arange(len(groups)))
    for one in found:
        assert len(one.validation)
        assert not np.intersect1d(groups[one.train], groups[one.validation]).size


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(1, 30), min_size=6, max_size=20), k=st.integers(2, 5))
def test_without_classes_folds_of_groups_are_as_equal_as_those_of_group_k_fold(sizes: list[int], k: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    lightest = [0] * k  # what GroupKFold does: the largest group goes to the lightest fold
    for size in sorted(sizes, reverse=True):
        lightest[lightest.index(min(lightest))] += size
    found = folds_of(len(groups), None, k, RowFacts(groups))
    assert sorted(len(one.validation) for one in found) == sorted(lightest)


def test_folds_of_groups_share_out_the_classes() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 10)
    classes = (rng.random(600) < np.repeat(rng.random(60), 10)).astype(np.int64)  # each group has a share of its own
    shares = [classes[one.validation].mean() for one in folds_of(600, classes, 5, RowFacts(groups))]
    assert max(abs(share - classes.mean()) for share in shares) < 0.02


@given(seed=st.integers(0, 2**20))
@settings(max_examples=25)
def test_a_plain_split_takes_whole_groups_of_about_the_size_that_is_asked_for(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 40, 400)
    rows = split(400, rng.integers(0, 2, 400), validation=0.2, test=0.2, seed=seed, facts=RowFacts(groups))
    parts = [rows.train, rows.validation, rows.test]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(400))
    assert sum(len(np.unique(groups[part])) for part in parts) == len(np.unique(groups))
    assert all(abs(len(part) - 80) <= 20 for part in parts[1:])


def test_other_seeds_draw_other_groups() -> None:
    groups = np.repeat(np.arange(12), np.arange(5, 17))  # no two groups of one size
    facts = RowFacts(groups)
    found = [split(len(groups), None, validation=0.25, test=None, seed=seed, facts=facts) for seed in range(8)]
    assert len({tuple(np.unique(groups[rows.validation])) for rows in found}) > 4


def test_in_order_each_fold_is_that_of_time_series_split() -> None:
    order = np.random.default_rng(0).permutation(23).astype(float)
    row_at = np.argsort(order)  # the row of each time
    # sklearn.model_selection.TimeSeriesSplit(4).split(range(23)): 23 // 5 = 4 rows each, from 7, 11, 15 and 19 on
    found = folds_of(23, None, 4, RowFacts(order=order))
    for one, start in zip(found, (7, 11, 15, 19), strict=True):
        np.testing.assert_array_equal(one.train, np.sort(row_at[:start]))
        np.testing.assert_array_equal(one.validation, np.sort(row_at[start : start + 4]))


@given(st.lists(st.integers(0, 15), min_size=30, max_size=60), st.integers(2, 5))
@settings(max_examples=30)
def test_in_order_no_row_trains_for_earlier_ones_and_one_time_stays_together(times: list[int], k: int) -> None:
    order = np.array(times, float)
    try:
        found = folds_of(len(order), None, k, RowFacts(order=order), test=0.2)
    except DataError:  # too many rows of one time, as another test has it
        return
    for one in found:
        assert order[one.train].max() < order[one.validation].min()
        assert order[one.validation].max() < order[one.test].min()


def test_in_order_the_latest_rows_test_and_those_before_validate() -> None:
    order = np.array([5, 1, 4, 2, 3, 0], float)
    rows = split(6, None, validation=1, test=2, seed=0, facts=RowFacts(order=order))
    assert [part.tolist() for part in rows] == [[1, 3, 5], [4], [0, 2]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: folds_of(3, None, 4), "data.folds: 4 folds need as many rows, got 3"),
        (lambda: folds_of(9, None, 4, RowFacts(np.arange(9) // 3)), "data.folds: 4 folds need as many groups, got 3"),
        (
            lambda: folds_of(9, None, 3, RowFacts(order=np.zeros(9))),
            "data.folds: 3 folds in order leave fold 0 no row before it to train on; take fewer folds",
        ),
        (
            lambda: split(9, None, validation=3, test=None, seed=0, facts=RowFacts(np.zeros(9, int))),
            "data.validation: 3 rows of whole groups taken from 9 would leave no group",
        ),
        (
            lambda: split(9, None, validation=3, test=None, seed=0, facts=RowFacts(order=np.zeros(9))),
            "data.validation: the latest 3 rows of 9, with those of the same time, leave none",
        ),
        (
            lambda: split(9, None, validation=None, test=PlacedRows(last=4), seed=0, facts=RowFacts(np.arange(9) // 3)),
            "data.test: these rows and others are of one group, that of row 3, the first row is 0",
        ),
    ],
)
def test_what_cannot_be_divided_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        make()
    assert str(caught.value) == message


# --- from the data block


PATIENTS = "x,patient,day,w,y\n" + "".join(
    f"{i % 7}.5,p{i % 6},2024-{1 + i % 12:02}-03 10:00,{i % 4},{'ab'[i % 5 > 2]}\n" for i in range(60)
)


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_text(PATIENTS)
    return path


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        prepare(DataOptions(source, **options), seed=0, dtype="float64")
    return str(caught.value)


def test_columns_that_divide_and_weigh_are_no_features(patients: Path) -> None:
    source = Csv(path=patients, target="y", ignore=("day",))
    data = prepare(DataOptions(source, folds=3, fold=2, groups="patient", sample_weight="w"), seed=0, dtype="float64")
    assert data.feature_names == ("x",)
    assert data.division == "fold 2 of 3 validates, 6 whole groups by patient, weighted by w"
    groups = np.arange(60) % 6
    assert data.validation is not None
    assert not np.intersect1d(groups[data.train.rows], groups[data.validation.rows]).size
    np.testing.assert_array_equal(data.validation.weights, data.validation.rows % 4)


def test_dates_order_the_rows(patients: Path) -> None:
    source = Csv(path=patients, target="y", ignore=("patient", "w"))
    data = prepare(DataOptions(source, validation=0.25, order="day"), seed=0, dtype="float64")
    assert data.division == "in the order of day"
    assert data.validation is not None
    assert set(data.validation.rows % 12) == {9, 10, 11}  # the three months that come last


def test_a_parquet_column_of_dates_orders_the_rows(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    days = pa.array([(7 * i) % 20 for i in range(20)], pa.date32())
    pq.write_table(pa.table({"x": np.arange(20.0), "day": days, "y": np.arange(20) * 0.5}), tmp_path / "t.parquet")
    from nntrain.data.sources.parquet import Parquet

    source = Parquet(path=tmp_path / "t.parquet", target="y", task="regression")
    data = prepare(DataOptions(source, validation=5, order="day"), seed=0, dtype="float64")
    assert data.validation is not None
    assert sorted(7 * row % 20 for row in data.validation.rows) == [15, 16, 17, 18, 19]
    assert "'day' (dates) holds no numbers or texts" in refusal(source, validation=5)


def test_arrays_of_an_archive_divide_and_weigh(tmp_path: Path) -> None:
    y, groups = np.arange(12) % 2, np.array(["s", "t", "u"])[np.arange(12) // 4]
    np.savez(tmp_path / "a.npz", X=np.arange(24.0).reshape(12, 2), y=y, who=groups, w=np.arange(12))
    options = DataOptions(NpzFile(path=tmp_path / "a.npz"), folds=3, groups="who", sample_weight="w")
    data = prepare(options, seed=0, dtype="float64")
    assert data.validation is not None
    assert len(set(groups[data.validation.rows])) == 1
    np.testing.assert_array_equal(data.train.weights, data.train.rows)


def test_folds_of_a_file_on_the_disk_are_those_in_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.random.default_rng(0).normal(size=(40, 3)))
    np.save(tmp_path / "y.npy", np.arange(40) % 2)

    def rows(memory: Any) -> Array:
        source = NpyFiles(X=tmp_path / "X.npy", y=tmp_path / "y.npy", memory=memory)
        data = prepare(DataOptions(source, folds=4, fold=3), seed=0, dtype="float64")
        assert data.validation is not None
        return data.validation.rows

    np.testing.assert_array_equal(rows("stream"), rows("load"))


def test_what_does_not_fit_the_data_is_refused(patients: Path, tmp_path: Path) -> None:
    source = Csv(path=patients, target="y", ignore=("day", "patient", "w"))
    where = f"{patients}:2:2 (patient)"
    assert refusal(Iris(), groups="species") == "data.groups: a source of kind iris has no columns to name"
    assert refusal(source, order="patient") == (
        f"{where}: 'p0' is neither a number nor a date or time such as 2021-03-04 or 2021-03-04 05:06:07; "
        "data.order needs numbers or dates"
    )
    assert refusal(source, groups="y") == f"{patients}: the target column cannot be data.groups as well, got 'y'"
    assert refusal(source, groups="w", sample_weight="w") == (
        f"{patients}: column 3 cannot be both data.groups and data.sample_weight"
    )
    keyed = Csv(path=patients, target="y", ignore=("day", "w"), key="patient")
    assert refusal(keyed, folds=3) == (
        "data.folds: data.source.key divides the rows already; use data.groups in its place"
    )
    one = tmp_path / "one.csv"
    one.write_text("x,g,y\n" + "".join(f"{i},{i % 4},{'b' if i % 4 == 3 else 'a'}\n" for i in range(16)))
    assert refusal(Csv(path=one, target="y"), folds=4, fold=0, groups="g") == (
        "data.folds: class 'b' has no row left to train on: all its groups are in the other parts"
    )
    gap = tmp_path / "gap.csv"
    gap.write_text(PATIENTS.replace("p3", "", 1))
    assert refusal(Csv(path=gap, target="y", ignore=("day", "w")), folds=3, groups="patient") == (
        f"{gap}:5:2 (patient): missing value, got ''; "
        "a row needs a group; set data.source.missing to drop, which leaves such rows out"
    )
    negative = tmp_path / "negative.csv"
    negative.write_text("x,w,y\n1,2,0\n2,-1,1\n")
    assert refusal(Csv(path=negative, target="y"), sample_weight="w") == (
        f"{negative}:3:2 (w): a weight is at least 0, got '-1'"
    )
