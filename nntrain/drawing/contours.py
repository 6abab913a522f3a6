"""Descent over a plane: contours of the cost, the paths that were taken, and their costs by step.

What leaves the plane ends in a cross. Knows nothing of what is minimised.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.line_labels import End, halo, label_ends, leaves
from nntrain.drawing.scales import set_cost_axis, set_log_ticks, set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import INK, ORDER, PAPER, SOFT, colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVELS = 14
DOTTED = 60  # first steps that have a dot each


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A path over a plane: points (steps + 1, 2) and the cost at each, (steps + 1,); ``left``: it did not stay."""

    label: str
    points: Array
    costs: Array
    left: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A cost (b, a) over the places x (a,) and y (b,), the names of both, and a point of interest with its name."""

    x: Array
    y: Array
    cost: Array
    names: tuple[str, str]
    point: tuple[float, float] | None = None
    kind: str = "minimum"


def draw_descent(
    ground: Ground,
    courses: Sequence[Course],
    heading: Heading | None,
    *,
    step: str = "step",
    upto: int | None = None,
    note: str = "",
) -> "Figure":
    """Draw courses over contours, and their costs by ``step``; ``upto``: only the first steps, as a film's frame."""
    longest = max((len(course.label) for course in courses), default=0)
    margin = 0.3 + 0.07 * min(longest, 24) if longest else 0.0
    widths = (1.0, 0.85)
    sheet = Sheet(heading, columns=2, panel=(3.0, 2.7), left=0.62, right=0.5, widths=widths, margin=margin, note=note)
    left, right = sheet.axes
    _draw_ground(left, ground, sheet)
    shades = colour_map(ORDER)
    colours = [shades(i / max(len(courses) - 1, 1)) if len(courses) > 1 else INK for i in range(len(courses))]
    roof = _set_costs(right, courses)
    ends = []
    for course, colour in zip(courses, colours, strict=True):
        _draw_course(left, course, colour, sheet, upto)
        ends.append(_draw_costs(right, course, colour, roof, sheet, upto))
    right.set_title("Cost")
    right.set_xlabel(step)
    right.set_xlim(0, max(max(len(course.costs) for course in courses) - 1, 1))
    set_plain_ticks(right.xaxis, whole=True)
    label_ends(right, ends, sheet.text * 0.88)
    return sheet.figure


def _draw_ground(axes: "Axes", ground: Ground, sheet: Sheet) -> None:
    finite = ground.cost[np.isfinite(ground.cost)]
    low, high = float(finite.min()), float(finite.max())
    if high > low:
        heights = low + (high - low) * np.geomspace(3e-4, 1, LEVELS)  # a fixed ratio apart
        pale = colour_map(("#ffffff", "#e9f0f6", "#cddfee"))
        shown = np.where(np.isfinite(ground.cost), ground.cost, high)
        axes.contourf(ground.x, ground.y, shown, levels=[low - (high - low) * 1e-9, *heights], cmap=pale, extend="both")
        axes.contour(ground.x, ground.y, shown, levels=heights, colors="#8aa5bd", linewidths=0.6 * sheet.line)
    axes.grid(False)
    axes.set(xlim=(ground.x[0], ground.x[-1]), ylim=(ground.y[0], ground.y[-1]), xlabel=ground.names[0])
    axes.set_ylabel(ground.names[1], rotation=90 if len(ground.names[1]) > 3 else 0)
    axes.set_title("Path")
    said = "○ start"
    if ground.point is not None:
        axes.plot(*ground.point, "+", color=INK, ms=9 * sheet.line, mew=1.6 * sheet.line, zorder=3)
        said += f"   + {ground.kind}"
    axes.set_title(said, loc="right", fontsize=sheet.text * 0.85, color=SOFT, fontweight="normal")
    set_plain_ticks(axes.xaxis)
    set_plain_ticks(axes.yaxis)


def _draw_course(axes: "Axes", course: Course, colour: Any, sheet: Sheet, upto: int | None) -> None:
    """Draw a course: a dot a step, a ring at the start, a filled dot or a cross at the end."""
    points = course.points[: None if upto is None else upto + 1]
    limits = np.array([axes.get_xlim(), axes.get_ylim()])
    outside = np.flatnonzero(~((points >= limits[:, 0]) & (points <= limits[:, 1])).all(axis=1))
    crossed = course.left and len(outside) > 0 and outside[0] > 0
    if crossed:
        points = np.vstack([points[: outside[0]], _exit(points[outside[0] - 1], points[outside[0]], limits)])
    line = sheet.line
    axes.plot(*points.T, color=colour, lw=1.3 * line, path_effects=halo(2.6 * line), zorder=4)
    axes.plot(*points[:DOTTED].T, "o", color=colour, ms=2.6 * line, zorder=5)
    ring: dict[str, Any] = {"mfc": PAPER, "mec": colour, "ms": 6.5 * line, "mew": 1.4 * line, "zorder": 6}
    axes.plot(*points[0], "o", **ring)
    end: dict[str, Any] = {"color": colour, "mec": PAPER, "mew": 0.8, "zorder": 7, "clip_on": False}
    axes.plot(*points[-1], "X" if crossed else "o", ms=(10 if crossed else 6.5) * line, **end)


def _exit(inside: Array, outside: Array, limits: Array) -> Array:
    """Return where the way from a point inside to one outside (or nowhere) crosses the limits (2, 2)."""
    if not np.isfinite(outside).all():
        return inside
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (np.where(outside > inside, limits[:, 1], limits[:, 0]) - inside) / (outside - inside)
    ahead = shares[shares >= 0]
    share = float(ahead.min()) if len(ahead) else 0.0
    return np.asarray(inside + min(share, 1.0) * (outside - inside))


def _set_costs(axes: "Axes", courses: Sequence[Course]) -> float:
    """Scale the costs: by decades where all are positive and fall far; return the cost at which a course leaves."""
    start = max(float(course.costs[0]) for course in courses)
    stayed = [v for course in courses if not course.left for v in course.costs if math.isfinite(v)]
    near = 20 * max(abs(start), 1.0)  # of what all lead away from, the first part
    values = stayed or [v for course in courses for v in course.costs if abs(v) <= near] or [start]
    positive = min(values) >= 0 and start > 0 and any(v > 0 for v in values)
    if positive and (min(values) < start / 30):
        floor = max(min(v for v in values if v > 0), start * 1e-15)
        axes.set_yscale("log")
        axes.set_ylim(floor / 2, max(values) * (20 if any(course.left for course in courses) else 2))
        set_log_ticks(axes.yaxis, *axes.get_ylim())
    else:
        room = (max(values) - min(values)) * (0.4 if any(course.left for course in courses) else 0.0)
        set_cost_axis(axes, [*values, max(values) + room], log=False, least=0.02)
    return axes.get_ylim()[1]


def _draw_costs(axes: "Axes", course: Course, colour: Any, roof: float, sheet: Sheet, upto: int | None) -> End:
    log = axes.get_yscale() == "log"
    costs = course.costs[: None if upto is None else upto + 1]
    floor = axes.get_ylim()[0]
    shown = np.where(np.isfinite(costs), np.minimum(costs, 1e300), np.nan)
    axes.plot(np.maximum(shown, floor) if log else shown, color=colour, lw=1.5 * sheet.line)
    over = [k for k, cost in enumerate(costs) if not cost <= roof]
    under = next((k for k, cost in enumerate(costs) if cost < floor and not log), None)
    if under is not None:
        axes.plot(under, floor, "X", color=colour, ms=sheet.text, mec=PAPER, clip_on=False, zorder=6)
        return End(under, floor, course.label, colour)
    if course.left and over:
        at = leaves(range(len(costs)), costs.tolist(), roof, log=log)
        axes.plot(*at, "X", color=colour, ms=sheet.text, mec=PAPER, clip_on=False, zorder=6)
        return End(*at, course.label, colour)
    return End(len(costs) - 1, max(float(costs[-1]), floor) if log else float(costs[-1]), course.label, colour)
