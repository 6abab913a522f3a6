"""Intervals and tests of decisions: figures from outside, and by hand."""

import pytest

from nntrain.comparison.paired_tests import Flips
from nntrain.core.intervals import wilson


@pytest.mark.parametrize(
    ("right", "n", "expected"),
    [
        (0, 10, (0.0, 0.2775)),  # the figures of Newcombe 1998, table I, method 3, and of R's prop.test(correct=FALSE)
        (1, 29, (0.0061, 0.1718)),
        (15, 148, (0.0624, 0.1605)),
        (81, 263, (0.2553, 0.3662)),
        (10, 10, (0.7225, 1.0)),
    ],
)
def test_the_interval_of_a_share(right, n, expected):
    assert wilson(right / n, n) == pytest.approx(expected, abs=5e-5)


def test_decisions_are_counted():
    flips = Flips.of(list("aabbc"), list("aabac"), list("abbcb"))
    assert flips == Flips(n=5, only_first=2, only_second=0, different=3)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (3, 0, 0.25), (5, 5, 1.0), (7, 0, 0.015625), (1, 8, 20 / 512)],
)
def test_the_exact_test_of_mcnemar(only_first, only_second, p):
    assert Flips(100, only_first, only_second, 20).p == pytest.approx(p)
