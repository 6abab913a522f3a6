"""Rows that are pictures: their height, width and colours, as a source or a user says. Knows nothing of models."""

import re
from collections.abc import Sequence
from math import isqrt, prod

from nntrain.core.types import Array
from nntrain.errors import SpecError

WRITTEN = re.compile(r"([1-9]\d*)[x×]([1-9]\d*)(?:[x×]([13]))?")
FEWEST = 16  # inputs of the smallest square that is taken for a picture without being told


def known_shape(asked: str | None, told: Sequence[int] | None, inputs: int) -> tuple[int, ...] | None:
    """Return the shape of pictures: (height, width), or (3, height, width) in colour; None where rows are none.

    ``asked`` is what a user wrote, such as 28x28x1 or 32x32x3; ``told`` is the shape that the source has.
    """
    if asked is not None:
        match = WRITTEN.fullmatch(asked)
        if match is None:
            raise SpecError(f"--shape: must be HEIGHTxWIDTH or HEIGHTxWIDTHx3, such as 28x28 or 32x32x3, got '{asked}'")
        height, width, colours = int(match[1]), int(match[2]), int(match[3] or 1)
        if height * width * colours != inputs:
            raise SpecError(f"--shape: {asked} are {height * width * colours:,} numbers, a row has {inputs:,}")
        return (3, height, width) if colours == 3 else (height, width)
    if told is None or prod(told) != inputs:
        return None
    sides = [side for side in told if side != 1]
    if len(sides) == 3 and 3 in (sides[0], sides[-1]):
        return (3, sides[1], sides[2]) if sides[0] == 3 else (3, sides[0], sides[1])
    return (sides[0], sides[1]) if len(sides) == 2 else None


def to_planes(rows: Array, told: Sequence[int] | None, shape: Sequence[int]) -> Array:
    """Return rows (n, d) with red, green and blue one after the other, where a source mixes them in every pixel."""
    if len(shape) != 3 or told is None or told[0] == 3:
        return rows
    height, width = shape[1], shape[2]
    return rows.reshape(-1, height, width, 3).transpose(0, 3, 1, 2).reshape(len(rows), -1)


def square(inputs: int) -> tuple[int, int] | None:
    """Return the sides of the square that so many inputs may be, None where they are none or too few to tell."""
    side = isqrt(inputs)
    return (side, side) if side * side == inputs and inputs >= FEWEST else None
