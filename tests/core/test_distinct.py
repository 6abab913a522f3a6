"""Different values are those of ``numpy.unique``."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nntrain.core.distinct import distinct, distinct_codes


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
