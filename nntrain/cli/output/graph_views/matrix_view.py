"""Jacobian, Hessian and directional derivative of a graph as text, each with its check by differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.graph.matrices import AGREES, Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A directional derivative: the direction (n,) with the names of its entries, ∇f · u, and that by differences."""

    names: Sequence[str]
    entries: Array
    value: float
    numeric: float
    tied: bool = False

    @property
    def length(self) -> float:
        """‖u‖."""
        return float(np.linalg.norm(self.entries))

    @property
    def error(self) -> float:
        """The difference of both, relative to the larger one."""
        return abs(self.value - self.numeric) / max(abs(self.value), abs(self.numeric), 1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class Derivatives:
    """What was asked for beside the walk through the graph; ``output`` is the symbol of its result."""

    output: str
    jacobian: Matrix | None = None
    hessian: Matrix | None = None
    direction: Direction | None = None


def derivatives_text(found: Derivatives) -> str:
    """Return all that there is, a block each."""
    blocks = []
    if found.jacobian is not None:
        title = f"Jacobian of {found.output}, denominator layout: row i, column j is ∂{found.output}_j/∂x_i"
        blocks.append(
            [title, *_lines(found.jacobian), _check("formula", found.jacobian.error, tied=found.jacobian.tied)]
        )
    if found.hessian is not None:
        matrix = found.hessian
        values = np.linalg.eigvalsh((matrix.values + matrix.values.T) / 2)[::-1]
        told = f"eigenvalues: {', '.join(_number(value) for value in values)}; {_definite(values)}"
        title = f"Hessian of {found.output}: row i, column j is ∂²{found.output}/∂x_i∂x_j"
        blocks.append([title, *_lines(matrix), told, _check("gradient", matrix.error, tied=matrix.tied)])
    if found.direction is not None:
        blocks.append(_direction_lines(found))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def derivatives_record(found: Derivatives) -> dict[str, Any]:
    """Return all that there is in plain types."""
    record: dict[str, Any] = {}
    for name, matrix in (("jacobian", found.jacobian), ("hessian", found.hessian)):
        if matrix is not None:
            facts: Mapping[str, Any] = {"rows": list(matrix.rows), "columns": list(matrix.columns)}
            record[name] = {**facts, "values": matrix.values.tolist(), "error": matrix.error, "at_kink": matrix.tied}
    if found.hessian is not None:
        symmetric = (found.hessian.values + found.hessian.values.T) / 2
        record["hessian"]["eigenvalues"] = np.linalg.eigvalsh(symmetric)[::-1].tolist()
    if found.direction is not None:
        one = found.direction
        entries = dict(zip(one.names, one.entries.tolist(), strict=True))
        record["direction"] = {
            "u": entries,
            "value": one.value,
            "numeric": one.numeric,
            "error": one.error,
            "at_kink": one.tied,
        }
    return record


def _direction_lines(found: Derivatives) -> list[str]:
    one = found.direction
    assert one is not None
    entries = ", ".join(f"{name} {_number(value)}" for name, value in zip(one.names, one.entries, strict=True))
    lines = [
        f"Directional derivative of {found.output} along u = ({entries})",
        f" ∇{found.output} · u = {_number(one.value)}",
    ]
    if abs(one.length - 1) > 1e-12:
        lines.append(f" ‖u‖ = {_number(one.length)}; along u/‖u‖ it is {_number(one.value / one.length)}")
    return [*lines, _check("formula", one.error, tied=one.tied)]


def _lines(matrix: Matrix) -> list[str]:
    cells = [["", *matrix.columns]]
    cells += [[name, *map(_number, row)] for name, row in zip(matrix.rows, matrix.values, strict=True)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(cells[0]))]
    return [
        " " + "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in cells
    ]


def _check(what: str, error: float, *, tied: bool) -> str:
    if tied and not error <= AGREES:
        return "check: the formula has a kink here, so that several derivatives are valid; these are those of one side"
    if error != error:
        return "check: too many entries, or too near the end of the domain, to compare with differences"
    verdict = "agree" if error <= AGREES else "DISAGREE"
    return f"check: differences of the {what} {verdict}, largest relative error {error:.0e}"


def _definite(values: Array) -> str:
    bound = 1e-9 * float(np.abs(values).max())
    up, down = bool((values > bound).any()), bool((values < -bound).any())
    flat = bool((np.abs(values) <= bound).any())
    if up and down:
        return "indefinite"
    if not up and not down:
        return "all are 0"
    return f"{'positive' if up else 'negative'} {'semidefinite' if flat else 'definite'}"


def _number(value: float) -> str:
    return f"{float(value) + 0.0:.6g}"
