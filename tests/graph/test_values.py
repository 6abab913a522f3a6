"""From ``name=value`` to arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.graph import FormulaError, parse_values

READ = {
    "x=-2": -2.0,
    " x = +.5e1 ": 5.0,
    "x=[1, 2,-3]": [1.0, 2.0, -3.0],
    "x=[[1,2],[3,4]]": [[1.0, 2.0], [3.0, 4.0]],
    "x=[ [ 1 ] ]": [[1.0]],
}


@pytest.mark.parametrize("text", READ)
def test_values(text):
    (value,) = parse_values([text]).values()
    np.testing.assert_array_equal(value, READ[text])
    assert value.dtype == np.float64
    assert value.shape == np.shape(READ[text])


ERRORS = {
    "x": "x:1: must be name=value, such as x=-2",
    "=3": "=3:1: must be name=value, such as x=-2",
    "2x=3": "2x=3:1: must be name=value, such as x=-2",
    "x=": "x=:3: a number or a row of numbers in brackets is missing; the text ends here",
    "x=two": "x=two:3: a number or a row of numbers in brackets is missing; got 't'",
    "x=2a": "x=2a:4: unexpected 'a' after the value",
    "x=[1,2": "x=[1,2:3: this bracket is never closed",
    "x=[1 2]": "x=[1 2]:6: expected ',' or ']', got '2'",
    "x=[]": "x=[]:4: a number or a row of numbers in brackets is missing; got ']'",
    "x=[[1,2],[3]]": "x=[[1,2],[3]]:3: the rows of a matrix must be of one length",
    "x=[1,[2]]": "x=[1,[2]]:3: the rows of a matrix must be of one length",
    "x=[[[1]]]": "x=[[[1]]]:5: a value has at most rows and columns",
    "x=1e999": "x=1e999:3: a number is too large",
    "x=nan": "x=nan:3: a number or a row of numbers in brackets is missing; got 'n'",
    "x=" + "1" * 60 + "?": "x=" + "1" * 38 + "…:63: unexpected '?' after the value",
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text):
    with pytest.raises(FormulaError) as caught:
        parse_values([text])
    assert str(caught.value) == ERRORS[text]


def test_a_name_is_given_once():
    with pytest.raises(FormulaError, match="x=3:1: x is given twice"):
        parse_values(["x=2", "y=1", "x=3"])


def read(text):
    """Return the values, or None and the column of the error."""
    try:
        return parse_values([text]), 0
    except FormulaError as error:
        return None, error.column


@given(st.text(alphabet="x=[]1,. e-\n", max_size=30) | st.text(max_size=15))
def test_any_text_is_read_or_refused(text):
    values, column = read(text)
    assert (values is None) == (1 <= column <= len(text) + 1)
    assert all(np.isfinite(value).all() for value in (values or {}).values())
