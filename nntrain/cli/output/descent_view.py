"""A descent as tables and lines: the path with its values, why it stopped, and what kind of point it ended at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nntrain.core.types import Array
    from nntrain.descent.course import Course
    from nntrain.descent.point import Point

ROWS = 16  # of a path that are shown
SHOWN = 6  # entries of a point in a line


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a descent is judged, in words, and what is there; ``error`` is that of the Hessian against differences."""

    where: str
    point: "Point"
    rate: float | None
    of_rate: str
    error: float


def show_path(course: "Course", names: Sequence[str]) -> None:
    """Write a path as a table: its first steps, then ever fewer of them, and the last."""
    from nntrain.cli.output.terminal import show, table

    shown = _shown_steps(course.steps)
    entries = names[:SHOWN]
    rows = table(">step", *(f">{name}" for name in entries), ">f", ">‖∇f‖")
    for k in shown:
        cells = [_number(value) for value in course.points[k][: len(entries)]]
        rows.add_row(f"{k:,}", *cells, _number(course.values[k]), _number(float(np.linalg.norm(course.gradients[k]))))
    show(rows)


def show_courses(labels: Sequence[str], courses: "Sequence[Course]") -> None:
    """Write several paths as a table, a line each."""
    from nntrain.cli.output.terminal import show, table

    rows = table("", ">steps", ">f at the end", "stopped")
    for label, course in zip(labels, courses, strict=True):
        rows.add_row(label, f"{course.steps:,}", _number(course.values[-1]), course.stopped)
    show(rows)


def ending_lines(ending: "Ending | str") -> list[tuple[str, str]]:
    """Return the lines on the kind of a point; where it could not be told, the reason."""
    if isinstance(ending, str):
        return [("point", ending)]
    values = ending.point.eigenvalues
    shown = ", ".join(_number(value) for value in values[:SHOWN]) + (", …" if len(values) > SHOWN else "")
    checked = "" if ending.error != ending.error else f"; differences agree to {ending.error:.0e}"
    stable = "no rate is too large: nothing curves upwards"
    if ending.rate is not None:
        stable = f"rates below {ending.of_rate} = {_number(ending.rate)}"
    return [
        ("point", f"{ending.where}: {ending.point.in_words}"),
        ("curvature", f"{shown}{checked}"),
        ("stable", stable),
    ]


def point_text(x: "Array", names: Sequence[str]) -> str:
    """Return a point as text: x = 1, y = 2."""
    shown = [f"{name} = {_number(value)}" for name, value in zip(names[:SHOWN], x, strict=False)]
    return ", ".join(shown) + (", …" if len(names) > SHOWN else "")


def descent_record(label: str, course: "Course", names: Sequence[str], ending: "Ending | str") -> dict[str, Any]:
    """Return everything of a descent in plain types."""
    point = None
    if not isinstance(ending, str):
        point = {
            "kind": ending.point.kind,
            "eigenvalues": ending.point.eigenvalues.tolist(),
            "gradient_norm": ending.point.slope,
            "largest_stable_rate": ending.rate,
            "error": ending.error,
        }
    return {
        "label": label,
        "names": list(names),
        "steps": course.steps,
        "stopped": course.stopped,
        "converged": course.converged,
        "diverged": course.diverged,
        "max_steps_reached": not (course.converged or course.diverged),
        "point": point,
        "path": course.points.tolist(),
        "values": course.values.tolist(),
        "gradients": course.gradients.tolist(),
    }


def _shown_steps(last: int) -> list[int]:
    if last < ROWS:
        return list(range(last + 1))
    return sorted({*range(6), *np.geomspace(6, last, ROWS - 6).round().astype(int).tolist(), last})


def _number(value: float) -> str:
    value = float(value) + 0.0  # no −0
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:.6g}"
    return f"{value:.3e}"
