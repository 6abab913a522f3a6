"""Rows told by place: the first, the last, those that a file lists; and taking the first rows before all else."""

import numpy as np
import pytest

from nntrain.data.options import DataOptions
from nntrain.data.placed_rows import PlacedRows
from nntrain.data.prepare import prepare
from nntrain.data.sources import SOURCES
from nntrain.data.split import split, split_by_draws
from nntrain.errors import DataError, SpecError
from nntrain.spec import from_dict, resolve


def divided(n=20, **asked):
    rows = split(n, None, **({"validation": None, "test": None} | asked), seed=0)
    return tuple(None if part is None else part.tolist() for part in rows)


def test_first_and_last_rows():
    assert divided(6, validation=PlacedRows(last=2)) == ([0, 1, 2, 3], [4, 5], None)
    assert divided(6, test=PlacedRows(first=1)) == ([1, 2, 3, 4, 5], None, [0])


def test_the_test_part_takes_its_rows_first():
    assert divided(7, validation=PlacedRows(last=2), test=PlacedRows(last=3)) == ([0, 1], [2, 3], [4, 5, 6])


def test_what_is_left_is_drawn_from():
    train, validation, test = divided(20, validation=0.25, test=PlacedRows(last=4))
    assert test == [16, 17, 18, 19]
    assert len(validation) == 5  # a quarter of all rows
    assert sorted(train + validation) == list(range(16))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"validation": PlacedRows(last=21)}, "data.validation: there are 20 rows to take the last 21 from"),
        (
            {"validation": PlacedRows(last=5), "test": PlacedRows(first=16)},
            "data.validation: there are 4 rows to take the last 5 from",
        ),
        ({"validation": PlacedRows(first=20)}, "data.validation: no row of 20 is left to train on"),
    ],
)
def test_too_many_rows(asked, message):
    with pytest.raises(DataError) as caught:
        divided(**asked)
    assert str(caught.value) == message


def test_with_a_key_rows_are_drawn():
    with pytest.raises(DataError, match=r"^data.test: with a key this is a fraction of the rows, got last 5$"):
        split_by_draws(np.linspace(0, 0.9, 20), validation=None, test=PlacedRows(last=5))


def options(**given):
    return DataOptions(SOURCES["digits"](), **given)


def rows_of(folder, text, *, name="rows.txt"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return PlacedRows(rows=path)


def test_a_file_lists_the_rows(tmp_path):
    listed = rows_of(tmp_path, "5, 3\n1790 0\n")
    data = prepare(options(validation=listed, test=PlacedRows(last=10)), seed=0, dtype="float64")
    assert data.validation.rows.tolist() == [0, 3, 5, 1790]
    assert data.test.rows.tolist() == [*range(1786, 1790), *range(1791, 1797)]  # the last of those that are left
    np.save(tmp_path / "rows.npy", np.array([5, 3, 1790, 0], np.uint16))
    same = prepare(options(validation=PlacedRows(rows=tmp_path / "rows.npy")), seed=0, dtype="float64")
    assert same.validation.rows.tolist() == [0, 3, 5, 1790]


def test_other_rows_are_other_data(tmp_path):
    prints = [
        prepare(options(validation=rows_of(tmp_path, text)), seed=0, dtype="float64").fingerprint
        for text in ("1 2", "2 1", "1 3")
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1 2 1", "names row 1 2 times"),
        ("", "names no row"),
        ("7 1797", "there are rows 0 to 1796, got 1797"),
        ("1 -2", "must hold whole numbers, the rows from 0 on; got '-2'"),
        ("1 2.5", "must hold whole numbers, the rows from 0 on; got '2.5'"),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_does_not_list_rows(tmp_path, text, what):
    listed = PlacedRows(rows=tmp_path / "none.txt") if text is None else rows_of(tmp_path, text)
    with pytest.raises(DataError) as caught:
        prepare(options(test=listed), seed=0, dtype="float64")
    assert str(caught.value) == f"data.test.rows: {listed.rows}: {what}"


def test_a_row_in_two_parts(tmp_path):
    listed = rows_of(tmp_path, "4 9")
    again = rows_of(tmp_path, "9", name="again.txt")
    with pytest.raises(DataError, match=r"^data.validation.rows: row 9 is in another part already$"):
        prepare(options(test=listed, validation=again), seed=0, dtype="float64")


def test_the_first_rows_are_taken_before_anything_is_drawn():
    data = prepare(options(take=100, validation=PlacedRows(last=30), test=0.1), seed=0, dtype="float64")
    assert (len(data.train), len(data.validation), len(data.test)) == (60, 30, 10)
    assert data.validation.rows.tolist() == list(range(70, 100))
    assert data.train.rows.max() < 70


@pytest.mark.parametrize(
    ("source", "take", "message"),
    [
        ("digits", 1798, "data.take: there are 1797 rows, got 1798"),
        ("iris", 50, "data.take: the first 50 rows are all of one class, 'setosa'"),
    ],
)
def test_rows_that_cannot_be_taken(source, take, message):
    with pytest.raises(DataError) as caught:
        prepare(DataOptions(SOURCES[source](), take=take), seed=0, dtype="float64")
    assert str(caught.value) == message


def test_they_are_written_as_they_are_given(tmp_path):
    spec = {"data": {"source": "digits", "validation": {"last": 9}, "take": 99}, "model": "softmax"}
    data = resolve(from_dict(spec))["data"]
    assert (data["validation"], data["take"]) == ({"last": 9}, 99)
    assert "take" not in resolve(from_dict({"data": {"source": "digits"}, "model": "softmax"}))["data"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"first": 1, "last": 2}, "must have one of first, last and rows, got first and last"),
        ({}, "must have one of first, last and rows, got none of them"),
    ],
)
def test_exactly_one(given, problem):
    with pytest.raises(SpecError) as caught:
        from_dict({"data": {"source": "digits", "test": given}, "model": "softmax"})
    assert caught.value.problems == (f"spec: data.test: {problem}",)


def test_a_misspelt_key_is_one_line():
    with pytest.raises(SpecError) as caught:
        from_dict({"data": {"source": "digits", "test": {"lst": 3}}, "model": "softmax"})
    (line,) = caught.value.problems
    assert line == "spec: data.test.lst: unknown key; did you mean 'last'? (one of first, last, rows)"
