"""Numbers, vectors and matrices as text: small ones in full, large ones by shape and norm.

Knows nothing of graphs.
"""

from dataclasses import dataclass, replace

import numpy as np

from nntrain.graph.operations import Array

SMALLEST, LARGEST = -4, 6  # range of powers of ten of the numbers that are written without an exponent
VECTOR = 3  # most lines of a vector


@dataclass(frozen=True, slots=True)
class Notation:
    """How much is written: significant digits (one fewer in arrays), characters per line, and rows of a matrix."""

    digits: int = 4
    wide: int = 24
    high: int = 4

    def lines(self, value: Array) -> list[str]:
        """Return a value as lines of text, one per row of a matrix; a value that is too large as its shape and norm."""
        value = np.asarray(value)
        if value.ndim == 0:
            return [number(float(value), self.digits)]
        if value.size <= self.wide * self.high:
            rows = value if value.ndim == 2 else value[None]
            cells = [[number(float(entry), self.digits - 1) for entry in row] for row in rows]
            lines = _matrix(cells) if value.ndim == 2 else _vector(cells[0], self.wide)
            high = self.high if value.ndim == 2 else min(self.high, VECTOR)
            if len(lines) <= high and max(map(len, lines)) <= self.wide:
                return lines
        return [summary(value, self.digits)]

    def line(self, value: Array) -> str:
        """Return a value on one line."""
        text = " ".join(" ".join(line.split()) for line in replace(self, high=self.wide).lines(value))
        return text if len(text) <= self.wide else summary(np.asarray(value), self.digits)


def number(value: float, digits: int = 4) -> str:
    """Return a number in ``digits`` significant digits, without trailing zeros: -12, 0.1966, 1183, 3.2e-07."""
    if value == 0:
        return "0"
    power = int(np.floor(np.log10(abs(value))))
    if not SMALLEST <= power <= LARGEST:
        return f"{value:.{digits}g}"
    text = f"{value:.{max(digits - 1 - power, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def summary(value: Array, digits: int = 4) -> str:
    """Return shape and Euclidean norm: ``64×10 ‖3.2‖``, of a vector ``(64) ‖3.2‖``."""
    return f"{shape_text(value)} ‖{number(float(np.linalg.norm(value.ravel())), digits)}‖"


def shape_text(value: Array) -> str:
    """Return ``64×10`` for a matrix, ``(64)`` for a vector."""
    return "×".join(map(str, value.shape)) if value.ndim > 1 else f"({value.size})"


def _vector(cells: list[str], wide: int) -> list[str]:
    """Return entries in brackets, broken into lines."""
    lines = ["["]
    for place, cell in enumerate(cells, start=1):
        piece = cell + ("]" if place == len(cells) else ",")
        if place > 1 and len(lines[-1]) + 1 + len(piece) > wide:
            lines.append(" " + piece)
        else:
            lines[-1] += piece if place == 1 else " " + piece
    return [line.ljust(max(map(len, lines))) for line in lines]


def _matrix(cells: list[list[str]]) -> list[str]:
    """Return rows in brackets, with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = ["[" + ", ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) + "]" for row in cells]
    last = len(rows) - 1
    return [("[" if i == 0 else " ") + row + ("]" if i == last else ",") for i, row in enumerate(rows)]
