"""Mean, spread and interval: against printed tables of Student's t, and by hand."""

import math

import pytest

from nntrain.core.student import Sample, quantile

TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 9: 2.262, 10: 2.228, 29: 2.045, 30: 2.042, 120: 1.980}


@pytest.mark.parametrize("freedom", TABLE)
def test_the_quantile_is_that_of_the_printed_table(freedom):
    assert quantile(freedom) == pytest.approx(TABLE[freedom], abs=5e-4)


def test_many_degrees_come_to_the_normal_distribution():
    assert quantile(100_000) == pytest.approx(1.95996, abs=5e-5)


def test_three_figures_are_summed_up():
    found = Sample.of([1.0, 2.0, 6.0])  # mean 3, deviations −2, −1, 3: s² = 14/2
    assert (found.n, found.mean) == (3, 3.0)
    assert found.sd == pytest.approx(math.sqrt(7))
    assert found.half == pytest.approx(4.30265 * math.sqrt(7 / 3), rel=1e-5)


def test_too_few_figures_have_no_spread():
    one, none = Sample.of([5.0]), Sample.of([])
    assert (one.n, one.mean) == (1, 5.0)
    assert math.isnan(one.half)
    assert none.n == 0
    assert math.isnan(none.mean)


def test_a_paired_test_by_hand():
    found = Sample.of([1.0, 2.0, 3.0, 6.0])  # mean 3, s² = 14/3: t = 3 / (2.1602 / 2) = 2.7775 with 3 degrees
    assert found.p == pytest.approx(0.0691, abs=2e-4)  # scipy.stats.ttest_1samp([1, 2, 3, 6], 0): 0.06915
    assert Sample.of([1.0, 1.0]).p == 0
    assert Sample.of([0.0, 0.0]).p == 1
    assert math.isnan(Sample.of([1.0]).p)


@pytest.mark.parametrize(("effect", "pairs"), [(0.5, 34), (0.8, 15), (1.0, 10)])
def test_how_many_pairs_show_a_difference_is_as_tables_of_power_have_it(effect, pairs):
    found = Sample(5, effect, 1.0, math.nan)  # Cohen's d of a paired test: 34, 15 and 10 by G*Power for 80 %
    assert found.needed == pytest.approx(pairs, abs=1)


def test_no_number_of_pairs_shows_nothing():
    assert Sample(5, 0.0, 1.0, math.nan).needed is None
    assert Sample(5, 1e-4, 1.0, math.nan).needed is None
