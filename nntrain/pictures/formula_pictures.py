"""The way down on a formula of two entries: contours with one path or several, as a picture or as a film.

Knows nothing of how it is drawn.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from nntrain.core.types import Array
from nntrain.descent.course import Course
from nntrain.descent.objective import Objective
from nntrain.drawing import contours
from nntrain.drawing.sheet import Heading
from nntrain.drawing.style import Draw
from nntrain.graph import evaluate

GRID, COARSE = 121, 49  # places of each entry where the formula takes arrays, and where it does not
AROUND = 0.25  # of the paths' extent, on each side
FAR = 3.0  # a path that leads further away than so many times the others' extent is not followed
FRAMES = 40


def gather_descents(
    objective: Objective,
    courses: Sequence[Course],
    labels: Sequence[str],
    heading: Heading,
    end: tuple[Array, str] | None,
) -> Draw:
    """Return how to draw paths over two entries; ``end`` is a point of interest with its kind."""
    ground, drawn = _lay_out(objective, courses, labels, end)
    return partial(contours.draw_descent, ground, drawn, heading)


def film_descents(
    objective: Objective,
    courses: Sequence[Course],
    labels: Sequence[str],
    heading: Heading,
    end: tuple[Array, str] | None,
) -> list[Draw]:
    """Return the pictures of a film of the paths; the early steps have a picture each."""
    ground, drawn = _lay_out(objective, courses, labels, end)
    last = max(max(course.steps for course in courses), 1)
    shown = np.unique(np.r_[0, np.geomspace(1, last, FRAMES).round(), last].astype(int))
    return [partial(contours.draw_descent, ground, drawn, heading, upto=int(k)) for k in shown]


def _lay_out(
    objective: Objective, courses: Sequence[Course], labels: Sequence[str], end: tuple[Array, str] | None
) -> tuple[contours.Ground, list[contours.Course]]:
    box = _box(courses, end[0] if end else None)
    places = GRID if _is_elementwise(objective) else COARSE
    x, y = (np.linspace(float(box[k, 0]), float(box[k, 1]), places) for k in (0, 1))
    names = objective.names
    point = (float(end[0][0]), float(end[0][1])) if end else None
    kind = end[1] if end else ""
    ground = contours.Ground(x, y, _surface(objective, x, y), (names[0], names[1]), point, kind)
    drawn = []
    for course, label in zip(courses, labels, strict=True):
        inside = ((course.points >= box[:, 0]) & (course.points <= box[:, 1])).all(axis=1)
        left = course.diverged or not inside.all()
        drawn.append(
            contours.Course(label + ("  diverged" if course.diverged else ""), course.points, course.values, left)
        )
    return ground, drawn


def _box(courses: Sequence[Course], end: Array | None) -> Array:
    """Return the limits (2, 2) of what is shown: all paths that stay near, and where they lead."""
    start = courses[0].points[0]
    marks = [start] if end is None else [start, end]
    radius = max(float(np.abs(np.array(marks) - start).max()), 1e-3 * max(1.0, float(np.abs(start).max())))
    reach = 2 * FAR * radius
    stayed = [course.points for course in courses if not course.diverged]
    near = [points for points in stayed if np.abs(points - start).max() <= reach]
    if not near and end is None:
        around = 1.5 * max(1.0, float(np.abs(start).max()))
        near = [np.stack([start - around, start + around])]
    points = np.concatenate([np.array(marks), *near])
    points = points[np.isfinite(points).all(axis=1)]
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    extent = np.maximum(extent, 0.35 * max(float(extent.max()), 1e-3))
    middle = (low + high) / 2
    half = extent * (0.5 + AROUND)
    return np.stack([middle - half, middle + half], axis=1)


def _is_elementwise(objective: Objective) -> bool:
    """Return whether the formula takes arrays of numbers in place of numbers."""
    joined = any(node.operation is not None and node.operation.joins for node in objective.graph.nodes)
    return not joined and all(not value.shape for value in objective.values.values())


def _surface(objective: Objective, x: Array, y: Array) -> Array:
    """Return the formula over x (a,) and y (b,): (b, a), nan where it has no value."""
    if _is_elementwise(objective):
        across, up = np.meshgrid(x, y)
        values = {**objective.values, objective.moving[0]: across, objective.moving[1]: up}
        found = np.broadcast_to(evaluate(objective.graph, values), across.shape)
    else:
        found = np.array([[objective.value(np.array([a, b])) for a in x] for b in y])
    return np.where(np.isfinite(found), found, np.nan)
