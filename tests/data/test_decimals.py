"""Numbers parsed by whole-array arithmetic are those that float reads, to the last bit."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.data.columns import read_columns
from nntrain.data.formats.decimals import parse
from nntrain.data.formats.table import sniff


def table(fields: Sequence[str], width: int = 1) -> np.ndarray | None:
    lines = [",".join(fields[i : i + width]) for i in range(0, len(fields), width)]
    return parse(io.BytesIO("\n".join(lines).encode()), ",", width)


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


@pytest.mark.parametrize(
    "content", [b"", b"1,2\n3\n", b"1,2\n3,4,5\n", b"1,2\n\n3,4\n", b"1\n2\n", b"1,2\r3,4\n", b"\xff,1\n"]
)
def test_what_is_no_table(content: bytes) -> None:
    assert parse(io.BytesIO(content), ",", 2) is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff", "a,b\n", '\ufeff"a, or","b"\n'])
def test_blocks_headers_and_line_ends(
    text: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, start: str, end: str
) -> None:
    monkeypatch.setattr("nntrain.data.formats.decimals.BLOCK", 7)
    values = np.arange(600).reshape(300, 2) / 8
    path = text(start.replace("\n", end) + end.join(f"{a},{b}" for a, b in values.tolist()))
    for column, expected in zip(read_columns(path, sniff(path)), values.T, strict=True):
        np.testing.assert_array_equal(column.values, expected)
