"""Fast lines of CSV are those that the csv module writes."""

import math

import pytest

from nntrain.artifacts.csv_text import csv_text, label_lines, number_lines

LABELS = ["a", "", "x,y", 'say "so"', "two\nlines", "=1+1", "-3", "a"]


@pytest.mark.parametrize("guard", [False, True])
def test_label_lines(guard: bool) -> None:
    assert label_lines(LABELS, guard=guard) == csv_text(None, [[label] for label in LABELS], guard=guard)


def test_number_lines() -> None:
    rows = [[0.1, -0.0, 1e-300], [math.inf, math.nan, 1e16], [1, 0, -7]]
    assert number_lines(rows) == csv_text(None, rows) == "0.1,-0.0,1e-300\ninf,nan,1e+16\n1,0,-7\n"
