"""Rows that are pictures: what a source tells, and what a user writes."""

import numpy as np
import pytest

from nntrain.errors import SpecError
from nntrain.pictures.image_shape import known_shape, square, to_planes


@pytest.mark.parametrize(
    ("asked", "told", "inputs", "shape"),
    [
        ("28x28x1", None, 784, (28, 28)),
        ("2x8", (4, 4), 16, (2, 8)),
        ("32×32×3", None, 3072, (3, 32, 32)),
        (None, (28, 28), 784, (28, 28)),
        (None, (28, 28, 1), 784, (28, 28)),
        (None, (3, 32, 32), 3072, (3, 32, 32)),
        (None, (32, 24, 3), 2304, (3, 32, 24)),
        (None, (2, 5, 5), 50, None),
        (None, (28, 28), 100, None),  # encoded on the way
        (None, None, 784, None),
    ],
)
def test_shapes(asked: str | None, told: tuple[int, ...] | None, inputs: int, shape: tuple[int, ...] | None) -> None:
    assert known_shape(asked, told, inputs) == shape


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("28", "--shape: must be HEIGHTxWIDTH or HEIGHTxWIDTHx3, such as 28x28 or 32x32x3, got '28'"),
        ("4x4x2", "--shape: must be HEIGHTxWIDTH or HEIGHTxWIDTHx3, such as 28x28 or 32x32x3, got '4x4x2'"),
        ("5x4", "--shape: 5x4 are 20 numbers, a row has 16"),
    ],
)
def test_a_wrong_shape_is_refused(asked: str, error: str) -> None:
    with pytest.raises(SpecError) as caught:
        known_shape(asked, None, 16)
    assert str(caught.value) == error


def test_mixed_colours_become_planes() -> None:
    rows = np.arange(12)[None]  # two rows of two pixels, each red, green, blue
    assert to_planes(rows, (2, 2, 3), (3, 2, 2)).tolist() == [[0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]]
    assert to_planes(rows, (3, 2, 2), (3, 2, 2)).tolist() == rows.tolist()
    assert to_planes(rows, None, (3, 2, 2)).tolist() == rows.tolist()


def test_only_squares_of_some_size_are_taken_for_pictures() -> None:
    assert (square(64), square(784)) == ((8, 8), (28, 28))
    assert (square(9), square(65), square(4)) == (None, None, None)
