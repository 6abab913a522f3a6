"""What a model says over two of its inputs: regions of classes or the surface of a number, the data, hidden units.

Knows nothing of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import number, shorten, tick, width
from nntrain.drawing.line_labels import halo
from nntrain.drawing.scales import set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import CLASSES, COUNTS, INK, MARKERS, PAPER, SOFT, colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, LOW, HIGH = 3.5, 2.0, 4.2  # inches of a panel, and the least and most of its height
FEW = 12  # points up to which each says its number
MOST_NAMED = 16  # classes that are named beside the panel
LONGEST, NAME = 14, 8.5  # letters of such a name, and points of its text


@dataclass(frozen=True, slots=True)
class Plane:
    """Two inputs: the places x (a,) and y (b,) of a grid, their names, and the lines w₁x + w₂y + b = 0 of units."""

    x: Array
    y: Array
    names: tuple[str, str]
    lines: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True, slots=True)
class Points:
    """Data on a plane: ``at`` (n, 2), ``truth`` (n,) as class indices or numbers, ``wrong`` (n,) for classes."""

    at: Array
    truth: Array
    wrong: Array | None = None


def draw_regions(
    plane: Plane, margins: Array, sure: Array, points: Points, names: Sequence[str], heading: Heading | None
) -> "Figure":
    """Draw decision regions, paler where the model is less sure, their border, and the points by class.

    ``margins`` (b, a, c) are largest for the class that is said, ``sure`` (b, a) is between 0 and 1.
    """
    longest = max(width(shorten(name, LONGEST), NAME) for name in names[:MOST_NAMED])
    sheet, axes = _open(plane, heading, right=max(1.25, 0.09 * WIDE + longest + 0.1))
    _shade(axes, plane, margins, sure)
    for line in plane.lines:
        _draw_unit(axes, plane, line, sheet.text)
    n = len(points.at)
    area = (14 if n > 100 else 34 if n > FEW else 90) * sheet.line**2
    for k in range(len(names)):
        dots: dict[str, Any] = {"marker": MARKERS[k % 10], "color": CLASSES[k % 10], "ec": PAPER, "lw": 0.5}
        x, y = points.at[points.truth == k].T
        axes.scatter(x, y, s=area, zorder=4, **dots)
    wrong = points.wrong if points.wrong is not None else np.zeros(n, bool)
    many = int(wrong.sum()) > 40
    ring: dict[str, Any] = {"fc": "none", "ec": INK, "lw": 0.7 if many else 1.0, "zorder": 5}
    x, y = points.at[wrong].T
    axes.scatter(x, y, s=area * (2.2 if many else 3.2), **ring)
    _name_classes(axes, names, int(wrong.sum()), sheet)
    return sheet.figure


def draw_surface(plane: Plane, value: Array, points: Points, heading: Heading | None) -> "Figure":
    """Draw a number over two inputs, value (b, a), as shades and labelled contours; the points have their own shade."""
    sheet, axes = _open(plane, heading, right=0.3)
    low = min(float(value.min()), float(points.truth.min()))
    high = max(float(value.max()), float(points.truth.max()))
    shades: dict[str, Any] = {"cmap": colour_map(COUNTS[:5]), "vmin": low, "vmax": high}
    box = (plane.x[0], plane.x[-1], plane.y[0], plane.y[-1])
    axes.imshow(value, origin="lower", extent=box, aspect="auto", interpolation="bilinear", **shades)
    if float(np.ptp(value)) > 0.02 * (high - low):
        drawn = axes.contour(plane.x, plane.y, value, levels=6, colors=INK, linewidths=0.6 * sheet.line)
        axes.clabel(drawn, fontsize=sheet.text * 0.8, fmt=lambda level: tick(float(level)))
    else:
        said = f"the same answer everywhere: {number(float(value.mean()), 3)}"
        axes.set_title(said)
    for line in plane.lines:
        _draw_unit(axes, plane, line, sheet.text)
    if len(points.at) <= FEW:
        for (x, y), truth in zip(points.at, points.truth, strict=True):
            axes.plot(x, y, "o", ms=15 * sheet.line, mfc=PAPER, mec=INK, mew=1.2, zorder=5, clip_on=False)
            look: dict[str, Any] = {"ha": "center", "va": "center", "fontweight": "bold", "zorder": 6}
            axes.text(x, y, number(float(truth), 2), **look)
    else:
        x, y = points.at.T
        axes.scatter(x, y, s=16 * sheet.line**2, c=points.truth, ec=INK, lw=0.4, zorder=4, **shades)
    return sheet.figure


def _open(plane: Plane, heading: Heading | None, *, right: float) -> "tuple[Sheet, Axes]":
    tall = min(max(WIDE * float(np.ptp(plane.y) / np.ptp(plane.x)), LOW), HIGH)
    sheet = Sheet(heading, panel=(WIDE, tall), left=0.62, right=right, bottom=0.45, top=0.2)
    axes = sheet.axes[0]
    axes.grid(False)
    axes.set(xlim=(plane.x[0], plane.x[-1]), ylim=(plane.y[0], plane.y[-1]))
    axes.set_xlabel(shorten(plane.names[0]))
    axes.set_ylabel(shorten(plane.names[1]), rotation=90 if len(plane.names[1]) > 3 else 0)
    set_plain_ticks(axes.xaxis)
    set_plain_ticks(axes.yaxis)
    return sheet, axes


def _shade(axes: "Axes", plane: Plane, margins: Array, sure: Array) -> None:
    """Tint each place in its class's colour, stronger where the model is sure, and draw the borders."""
    from matplotlib.colors import to_rgb

    c = margins.shape[2]
    strength = 0.10 + 0.32 * np.clip(sure, 0, 1) ** 1.5
    tint = np.array([to_rgb(colour) for colour in CLASSES])[margins.argmax(axis=2) % 10]
    box = (plane.x[0], plane.x[-1], plane.y[0], plane.y[-1])
    axes.imshow(1 - strength[..., None] * (1 - tint), origin="lower", extent=box, aspect="auto")
    for k in range(c if c > 2 else 1):
        lead = margins[..., k] - np.delete(margins, k, axis=2).max(axis=2)
        if lead.min() < 0 < lead.max():
            axes.contour(plane.x, plane.y, lead, levels=[0], colors=INK, linewidths=1.3, zorder=3)


def _draw_unit(axes: "Axes", plane: Plane, line: tuple[float, float, float], text: float) -> None:
    """Draw where a unit's w·x + b is 0, with an arrow to the side where it is positive."""
    w1, w2, b = line
    x, y = plane.x, plane.y
    across, up = float(np.ptp(x)), float(np.ptp(y))
    if abs(w1) * across + abs(w2) * up == 0:
        return
    if abs(w2) * up > abs(w1) * across:
        xs = np.linspace(x[0], x[-1], 200)
        ys = -(w1 * xs + b) / w2
    else:
        ys = np.linspace(y[0], y[-1], 200)
        xs = -(w2 * ys + b) / w1
    inside = np.flatnonzero((xs >= x[0]) & (xs <= x[-1]) & (ys >= y[0]) & (ys <= y[-1]))
    if len(inside) < 2:
        return
    axes.plot(xs[inside], ys[inside], color=SOFT, lw=1.0 * text / 9, ls=(0, (4, 2)), zorder=3)
    middle = inside[len(inside) // 2]
    length = np.hypot(w1 * across, w2 * up)  # perpendicular on the page, where both sides are of one length
    tip = (xs[middle] + 0.06 * w1 * across / length * across, ys[middle] + 0.06 * w2 * up / length * up)
    arrow = {"arrowstyle": "-|>", "color": SOFT, "lw": 1.0 * text / 9, "mutation_scale": text * 0.9}
    axes.annotate("", xy=tip, xytext=(xs[middle], ys[middle]), arrowprops=arrow, zorder=3)


def _name_classes(axes: "Axes", names: Sequence[str], wrong: int, sheet: Sheet) -> None:
    """Name the classes, and what a ring means, right of the axes."""
    tall = axes.bbox.height / axes.figure.dpi / sheet.size.scale
    beside: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "fontsize": sheet.text * 0.94}
    for k, name in enumerate(names[:MOST_NAMED]):
        y = 0.97 - 0.21 / tall * k
        look: dict[str, Any] = {"color": CLASSES[k % 10], "ms": 6 * sheet.line, "clip_on": False}
        axes.plot([1.05], [y], MARKERS[k % 10], transform=axes.transAxes, **look)
        axes.text(1.09, y, shorten(name, LONGEST), **beside)
    if wrong:
        y = 0.97 - 0.21 / tall * (min(len(names), MOST_NAMED) + 0.3)
        ring: dict[str, Any] = {"mfc": "none", "mec": INK, "ms": 7.5 * sheet.line, "clip_on": False}
        axes.plot([1.05], [y], "o", transform=axes.transAxes, **ring)
        axes.text(1.09, y, f"{wrong:,} wrong", color=SOFT, path_effects=halo(), **beside)
