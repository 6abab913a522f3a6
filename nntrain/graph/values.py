"""From text such as ``x=-2`` or ``W=[[1, 2], [3, 4]]`` to arrays."""

import json
import re
from collections.abc import Iterable

import numpy as np

from nntrain.graph.fault import FormulaError
from nntrain.graph.operations import Array

_ASSIGNMENT = re.compile(r"\s*([^\W\d]\w*)\s*=")


def parse_values(assignments: Iterable[str]) -> dict[str, Array]:
    """Return name → array for texts ``name=value``; a value is a number, a vector or a matrix in brackets."""
    values: dict[str, Array] = {}
    for text in assignments:
        match = _ASSIGNMENT.match(text)
        if match is None:
            raise FormulaError("must be name=value, such as x=-2", 1, text)
        try:
            values[match[1]] = np.array(json.loads(text[match.end() :]), float)
        except ValueError:
            raise FormulaError("must be a number or rows of numbers in brackets", match.end() + 1, text) from None
    return values
