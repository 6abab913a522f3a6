"""JSON that every reader accepts."""

import math
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.artifacts import strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
def test_whatever_is_written_is_strict_and_reads_back_as_its_plain_form(value: Any) -> None:
    plain = strict_json.plain(value)
    for spell in (strict_json.compact, strict_json.canonical, strict_json.pretty):
        text = spell(value)
        assert strict_json.parse(text.encode()) == plain
        assert "NaN" not in text or "NaN" in str(value)


def test_numpy_paths_and_tuples_become_plain() -> None:
    value = {
        "a": np.float32(0.5),
        "b": np.arange(2),
        "c": (1, np.bool_(True)),
        "d": PurePosixPath("/x"),
        "e": -math.inf,
    }
    assert strict_json.plain(value) == {"a": 0.5, "b": [0, 1], "c": [1, True], "d": "/x", "e": None}


def test_canonical_is_one_spelling() -> None:
    assert strict_json.canonical({"b": [1.0, "é"], "a": None}) == '{"a":null,"b":[1.0,"\\u00e9"]}'


@pytest.mark.parametrize("value", [object(), {1}, {1: 2}, {None: 1}, 1j, b"x", np.array([1j])])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="JSON"):
        strict_json.plain(value)


def test_depth_is_bounded_on_the_way_out() -> None:
    value: list[Any] = []
    for _ in range(100):
        value = [value]
    with pytest.raises(ValueError, match="deeper than 64"):
        strict_json.plain(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e999",
        '{"a": 1, "a": 1}',
        "[1,]",
        "{",
        "[" * 100_000,
        "1" * 5000,
        "\ufeff1",
    ],
)
def test_text_that_is_not_strict_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.parse(text)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        strict_json.parse(b'"\xff"')
    with pytest.raises(ValueError, match=r"."):
        strict_json.parse('"a"'.encode("utf-16"))
