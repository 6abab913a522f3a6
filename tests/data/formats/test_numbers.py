"""Tables of numbers, parsed with and without pyarrow: what float reads, to the last bit, or what others refuse."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.data.formats.delimited import Delimiter
from nntrain.data.formats.layout import Told
from nntrain.data.formats.numbers import parse
from nntrain.data.formats.sniffer import sniff
from nntrain.data.formats.styles import Decimal
from nntrain.data.tables.text_table import read_columns
from nntrain.errors import DataError

pytestmark = pytest.mark.usefixtures("reader")


def table(fields: Sequence[str], width: int = 1) -> np.ndarray | None:
    lines = [",".join(fields[i : i + width]) for i in range(0, len(fields), width)]
    found = parse(io.BytesIO("\n".join(lines).encode()), ",", width)
    if found is None:
        return None
    assert [*found.missing] == [np.isnan(values).sum() for values in found.columns]
    return np.stack(found.columns, axis=1)


def check(fields: Sequence[str]) -> None:
    got = table(fields)
    assert got is not None
    np.testing.assert_array_equal(got[:, 0].view(np.int64), np.array(list(map(float, fields))).view(np.int64))


plain = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12).map(
    lambda number: format(number, "f")
)


@settings(max_examples=500)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False).map(repr) | plain, min_size=1, max_size=30))
def test_any_number_is_what_float_reads(fields: list[str]) -> None:
    check(fields)


@pytest.mark.parametrize("form", ["{!r}", "{:.6f}", "{:.17f}", "{:.18f}", "{:+.3f}", "{:.18e}", "{:.0f}", "{:.0f}."])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3, 1e9])
def test_many_numbers_in_every_form(form: str, scale: float) -> None:
    values = np.random.default_rng(0).standard_normal(20_000) * scale
    check([form.format(value) for value in values.tolist()])


def test_numbers_next_to_a_tie() -> None:
    """Halfway between two doubles, and one unit of the last digit beside it."""
    ties = [(2 * m + 1) * 2.0**-11 for m in np.random.default_rng(0).integers(2**52, 2**53, 2000).tolist()]
    texts = [str(2 * m + 1) for m in np.random.default_rng(1).integers(2**53, 2**54, 2000).tolist()]
    check([format(tie, ".4f") for tie in ties])
    check([text[:8] + "." + text[8:] for text in texts])
    check(["9007199254740993", "9007199.254740993", "0.1", "-0", "-0.0", ".5", "5.", "+.25", "00012.50"])


@pytest.mark.parametrize("field", ["", "?", "NA", " ", "nan", "-"])
def test_gaps(field: str) -> None:
    got = table(["1", field, "3", "4.5"], width=2)
    np.testing.assert_array_equal(got, [[1, np.nan], [3, 4.5]])


@pytest.mark.parametrize("field", ["x", "1_0", "1.2.3", "--1", "1-2", "inf", "1e999", '"1"', "\N{DEGREE SIGN}", "0x1"])
def test_what_is_left_to_others(field: str) -> None:
    assert table(["1", field, "3", "4"], width=2) is None


@pytest.mark.parametrize("content", [b"", b"1,2\n3\n", b"1,2\n3,4,5\n", b"\n", b"\n\n", b"1\n2\n", b"\xff,1\n"])
def test_what_is_no_table(content: bytes) -> None:
    assert parse(io.BytesIO(content), ",", 2) is None


def test_a_header_that_ends_with_a_carriage_return(text: Callable[..., Path]) -> None:
    path = text("a,b\r1,2\n3,4\n")
    assert [column.values.tolist() for column in read_columns(path, sniff(path))] == [[1, 3], [2, 4]]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff", "a,b\n", '\ufeff"a, or","b"\n'])
def test_blocks_headers_and_line_ends(
    text: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, start: str, end: str
) -> None:
    monkeypatch.setattr("nntrain.data.formats.numbers.BLOCK", 7)
    values = np.arange(600).reshape(300, 2) / 8
    path = text(start.replace("\n", end) + end.join(f"{a},{b}" for a, b in values.tolist()))
    for column, expected in zip(read_columns(path, sniff(path)), values.T, strict=True):
        np.testing.assert_array_equal(column.values, expected)


ODD = (
    *("", " ", "\t", "?", "-", "NA", " na", "n/A", "nan", "-nan", "+NaN", "nan()", "nan(1)", "NULL", "None", "none "),
    *("inf", "-Infinity", "1e400", "-1e400", "1e-400", "4.9e-324", "2e-324", "1e99999999999999999999", "0e99999999999"),
    *("+1", "+-1", "-+1", "++1", "+.5", ".5", "5.", ".", "-", "-.", "1e", "1e+", "e5", "1e1.5", "1E+05", "1d5", "1f"),
    *("1_0", "0x1", "0x1p3", "1 2", " 1", "1 ", "\t1\t", "\v1", "1\f", "\xa01", "\uff11", "\u0663", "1\0", "\0"),
    *('"1"', ' "1"', '"1', '1"', '""', '"1,2"', '"1\n2"', "'1'", "a", "true", "\ufeff", "\ufeff1", "1\u2212", "\x85"),
    *("0" * 40 + "1", "0." + "0" * 400 + "1", "9" * 310, "0.1" + "0" * 800 + "1", "9007199254740993", "-0", "-0.0"),
)
numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr) | plain | st.integers().map(str)
fields = numbers | st.sampled_from(ODD)
ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r\n", "\n\n", "\r", "\r\r\n", "\n \n", "\n,\n"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Draw a table: most of it regular, some of it not."""
    width = draw(st.integers(1, 4))
    odd = draw(st.booleans())
    row = st.lists(fields if odd else numbers, min_size=width, max_size=width)
    rows = draw(st.lists(row, min_size=1, max_size=6))
    if odd and draw(st.integers(0, 9)) == 0:
        rows.append(draw(st.lists(fields, max_size=5)))
    start = draw(st.sampled_from(["", "", "", "\ufeff", "\n", "a,b\n", "a,b\r", '"a\nb",c\n', "\ufeff\ufeff", " \n"]))
    usual = draw(ends)
    text = start + "".join(",".join(row) + (draw(ends) if odd else usual) for row in rows)
    return (text.rstrip("\r\n") if draw(st.booleans()) else text).encode()


def outcome(path: Path, delimiter: Delimiter, decimal: Decimal) -> object:
    """Return the columns to the last bit, or the message."""
    try:
        found = read_columns(path, sniff(path, Told(delimiter=delimiter, decimal=decimal)))
    except DataError as error:
        return str(error)
    return [(c.name, c.position, c.kind, np.asarray(c.values).tobytes(), c.texts, c.missing) for c in found]


@settings(max_examples=150, deadline=None)
@given(contents(), st.sampled_from([1, 7, 40, 1 << 18]), st.sampled_from([",.", ",.", ";,", ";."]))
def test_the_careful_way_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, block: int, marks: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "same.csv"
    path.write_bytes(content.translate(bytes.maketrans(b",.", marks.encode())))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nntrain.data.formats.numbers.BLOCK", block)
        patch.setattr("nntrain.data.formats.numbers.ARROW_BLOCK", block + 1)
        quick = outcome(path, *marks)
        patch.setattr("nntrain.data.tables.text_table.read_numbers", lambda path, layout: None)
        assert quick == outcome(path, *marks)


def test_a_mark_where_a_block_begins_is_no_start_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.formats.numbers.BLOCK", 1)
    assert table(["1", "\ufeff2", "3"]) is None
