"""Parses values such as ``x=-2`` or ``W=[[1, 2], [3, 4]]`` into arrays. Knows nothing of graphs."""

import re
from collections.abc import Iterable

import numpy as np

from nntrain.graph.fault import FormulaError
from nntrain.graph.operations import Array

SHOWN = 40  # most characters of a text that a message shows
_NAME = re.compile(r"\s*([^\W\d]\w*)\s*=")
_TOKEN = re.compile(r"\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<other>\S))?")

Nested = float | list["Nested"]


def parse_values(assignments: Iterable[str]) -> dict[str, Array]:
    """Return name → array for texts ``name=value``; a value is a number, a vector ``[1, 2]`` or a matrix of rows."""
    values: dict[str, Array] = {}
    for text in assignments:
        match = _NAME.match(text)
        if match is None:
            raise FormulaError("must be name=value, such as x=-2", 1, _short(text))
        if match[1] in values:
            raise FormulaError(f"{match[1]} is given twice", match.start(1) + 1, _short(text))
        values[match[1]] = _Reader(text, match.end()).array()
    return values


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


class _Reader:
    """Reads one value from left to right."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self._at = at

    def array(self) -> Array:
        start = self._at
        value = self._value(depth=0)
        token, column = self._next()
        if token:
            raise self._error(f"unexpected {token!r} after the value", column)
        try:
            array = np.array(value, float)
        except ValueError:
            raise self._error("the rows of a matrix must be of one length", start + 1) from None
        if not np.isfinite(array).all():
            raise self._error("a number is too large", start + 1)
        return array

    def _value(self, depth: int) -> Nested:
        token, column = self._next()
        if token == "[":
            if depth == 2:
                raise self._error("a value has at most rows and columns", column)
            return self._row(depth + 1, column)
        try:
            return float(token)
        except ValueError:
            got = f"got {token!r}" if token else "the text ends here"
            raise self._error(f"a number or a row of numbers in brackets is missing; {got}", column) from None

    def _row(self, depth: int, opened: int) -> list[Nested]:
        items = [self._value(depth)]
        while True:
            token, column = self._next()
            if token == "]":
                return items
            if token != ",":
                problem = f"expected ',' or ']', got {token!r}" if token else "this bracket is never closed"
                raise self._error(problem, column if token else opened)
            items.append(self._value(depth))

    def _next(self) -> tuple[str, int]:
        match = _TOKEN.match(self._text, self._at)
        if match is None or match.lastgroup is None:
            return "", len(self._text) + 1
        self._at = match.end()
        return match[match.lastgroup], match.start(match.lastgroup) + 1

    def _error(self, message: str, column: int) -> FormulaError:
        return FormulaError(message, column, _short(self._text))
