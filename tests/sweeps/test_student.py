"""Mean, spread and interval: against printed tables of Student's t, and by hand."""

import math

import pytest

from nntrain.sweeps.student import Sample, quantile

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
