"""Different values are those of ``numpy.unique``."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nntrain.core.distinct import choose_evenly, distinct, distinct_codes


@given(arrays.arrays(st.sampled_from(["u1", "i8", "f4", "f8"]), st.integers(0, 30), elements=st.integers(0, 9)))
def test_the_same_as_numpy(values: Any) -> None:
    expected, codes = np.unique(values, return_inverse=True)
    found = distinct(values)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(distinct_codes(values)[1], codes)


@pytest.mark.parametrize("values", [["b", "a", "b"], [[3, 1], [1, 2]], [np.inf, -np.inf, 0.0], [np.nan, 1.0, np.nan]])
def test_texts_tables_and_infinities(values: Any) -> None:
    np.testing.assert_array_equal(distinct(np.array(values)), np.unique(np.array(values)))


@pytest.mark.parametrize(
    ("n", "most", "chosen"),
    [(1, 5, [0]), (4, 4, [0, 1, 2, 3]), (3, 9, [0, 1, 2]), (7, 3, [0, 3, 6]), (6, 3, [0, 2, 5])],
)
def test_rows_are_as_far_apart_as_can_be(n: int, most: int, chosen: list[int]) -> None:
    assert choose_evenly(n, most).tolist() == chosen
