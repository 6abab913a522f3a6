"""Tables by column: numbers or text, gaps, and slips with their place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.formats.layout import Told
from nntrain.data.formats.sniffer import sniff
from nntrain.data.tables.columns import Column, Kinds
from nntrain.data.tables.text_table import read_columns
from nntrain.errors import DataError

pytestmark = pytest.mark.usefixtures("reader")
Write = Callable[..., Path]


def columns(path: Path, **options: Any) -> tuple[Column, ...]:
    return read_columns(path, sniff(path), **options)


def fault(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        columns(path, **options)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_numbers_texts_and_gaps(text: Write) -> None:
    path = text("len,kind,date\n1.5,b,2019-01-02\n?,,2019-01-03\n-2,a,NA\n NaN ,b,2019-01-02\n")
    length, kind, date = columns(path)
    assert [(c.name, c.position, c.kind, c.missing) for c in (length, kind, date)] == [
        ("len", 0, "number", 2),
        ("kind", 1, "text", 1),
        ("date", 2, "text", 1),
    ]
    np.testing.assert_array_equal(length.values, [1.5, np.nan, -2, np.nan])
    assert (kind.texts, kind.values.tolist()) == (("a", "b"), [1, -1, 0, 1])
    assert (date.texts, date.values.tolist()) == (("2019-01-02", "2019-01-03"), [0, 1, -1, 0])


@pytest.mark.parametrize(
    ("values", "kind", "missing"),
    [
        (["1", "a"], "text", 0),
        (["1", "a", "?", "?"], "text", 2),
        (["?", "", "NA", "n/a", "NULL", "nan"], "number", 6),
        (["-", "none", "1"], "number", 2),
        (["-", "none", "a"], "text", 0),
        (["007", "010"], "number", 0),
        (["2019-01-02", "2019-01-03"], "text", 0),
        (["1_000", "2_000"], "text", 0),
        (["0x10", "1e5"], "text", 0),
    ],
)
def test_what_a_column_is(text: Write, values: list[str], kind: str, missing: int) -> None:
    path = text("".join(f"0,{value}\n" for value in values))
    _, column = read_columns(path, sniff(path, Told(header=False)))
    assert (column.kind, column.missing) == (kind, missing)


def test_kinds_that_show_late(text: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.tables.text_table.BLOCK", 4)
    late = ["1", "2", "3", "4", *"abcdef"]
    early = [*"abc", "4", *"12345678"]
    path = text("".join(f"0,{value}\n" for value in late))
    assert columns(path)[1].kind == "text"
    assert columns(path)[1].texts == ("1", "2", "3", "4", *"abcdef")
    path = text("".join(f"0,{value}\n" for value in early))
    message = "'a' is not a number; is this line a header? data.source.header: true or false decides"
    assert fault(path) == f"data.csv:1:2: {message}"


def test_columns_can_be_skipped_or_told_to_be_text(text: Write) -> None:
    path = text("07,x,1\n7,,2\n,3,3\n4,z,4\n")
    zips, numbers = columns(path, kept=[2, 0], kinds=Kinds(text=[0]))
    assert (zips.kind, zips.texts, zips.values.tolist()) == ("text", ("07", "4", "7"), [0, 2, -1, 1])
    assert (numbers.position, numbers.values.tolist()) == (2, [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2\n3,4\n5,6\n7,abc\n", "data.csv:4:2: 'abc' is not a number"),
        ("1,2\n3,4\n5,6\n7,inf\n", "data.csv:4:2: 'inf' is not a finite number"),
        ("1,2\n3,4\n?,6\n7,1e999\n", "data.csv:4:2: '1e999' is not a finite number"),
        ("1,2\n3,4\n5\n", "data.csv:3: row of 1 columns, 2 are expected"),
        ("x,y\n1,2\n3,4\nz,5\n", "data.csv:4:1 (x): 'z' is not a number"),
    ],
)
def test_faults_are_placed(text: Write, content: str, message: str) -> None:
    assert fault(text(content)) == message
