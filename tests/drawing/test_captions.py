"""Numbers and names as they stand in a picture."""

import pytest

from nntrain.drawing.captions import clean, number, share, shorten, tick, width
from nntrain.drawing.style import styled


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (0.25, "0.25"),
        (0.16757, "0.1676"),
        (23130.4, "23,130"),
        (-60551.2, "−60,551"),
        (0.00012345, "0.0001234"),
        (0.0000123, "1.23×10⁻⁵"),
        (1e7, "1×10⁷"),
        (-2.5e-9, "−2.5×10⁻⁹"),
        (1e-300, "1×10⁻³⁰⁰"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "not a number"),
    ],
)
def test_numbers_have_the_digits_that_carry(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.0, "0"), (0.98607, "0.986"), (0.9996, "0.9996"), (-0.25, "−0.25"), (-1e-9, "0")],
)
def test_scores_have_three_places(value: float, text: str) -> None:
    assert share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1e-9, "10⁻⁹"), (-1e6, "−10⁶"), (2e-5, "2×10⁻⁵"), (20000, "20,000"), (0.025, "0.025")],
)
def test_ticks_are_short_and_have_no_offset(value: float, text: str) -> None:
    assert tick(value) == text


def test_long_names_lose_their_middle() -> None:
    assert shorten("a" * 30 + "-end") == "a" * 16 + "…" + "a-end"
    assert len(shorten("a" * 300)) == 22
    assert shorten("short") == "short"


def test_what_no_picture_can_hold_is_replaced() -> None:
    assert clean("a\tb\nc\x00\x1b[31m\ud800") == "a b c\ufffd\ufffd[31m\ufffd"


def test_widths_take_a_dollar_sign_for_itself() -> None:
    with styled():
        assert width("$x^{$", 9) > width("$x", 9) > 0
        assert width("  ", 9) == 0
