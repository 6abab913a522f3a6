"""Labels at the ends of lines, moved apart, so that no legend lies over data; crosses where a line leaves its axes.

Knows nothing of what the lines are.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from nntrain.drawing.style import PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patheffects import AbstractPathEffect


class End(NamedTuple):
    """The end of a line, and the label and colour that it has."""

    x: float
    y: float
    label: str
    colour: Any


def label_ends(axes: "Axes", ends: Sequence[End], points: float, *, lines: int = 1) -> None:
    """Write the labels of ``lines`` lines each right of the axes, beside the ends, apart from each other."""
    if not ends:
        return
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [to_axes.transform((end.x, end.y)) for end in ends]
    high = axes.bbox.height / axes.figure.dpi
    apart = spread([float(y) for _, y in places], lines * points * 1.2 / 72 / high, 0.02, 0.98)
    for end, place, (x, wanted) in zip(ends, apart, places, strict=True):
        if abs(place - wanted) > 0.02 or x < 0.97:
            line: dict[str, Any] = {"color": end.colour, "lw": 0.6, "alpha": 0.7, "clip_on": False}
            axes.plot([x + 0.008, 1.03], [wanted, place], transform=axes.transAxes, **line)
        look: dict[str, Any] = {"color": end.colour, "fontsize": points, "va": "center", "linespacing": 1.05}
        axes.text(1.04, place, end.label, transform=axes.transAxes, **look)


def spread(places: Sequence[float], gap: float, low: float = -math.inf, high: float = math.inf) -> list[float]:
    """Move places apart until neighbours are ``gap`` apart, each as little as possible, inside low … high.

    Neighbours that would overlap form a block around the mean of what they want (isotonic regression, Barlow 1972).
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    blocks: list[tuple[float, int]] = []  # sum of wanted starts, number
    for rank, i in enumerate(order):
        total, count = places[i] - rank * gap, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            total, count = total + blocks[-1][0], count + blocks[-1][1]
            blocks.pop()
        blocks.append((total, count))
    starts = [total / count for total, count in blocks for _ in range(count)]
    top = high - (len(places) - 1) * gap
    moved = [0.0] * len(places)
    for rank, i in enumerate(order):
        moved[i] = max(min(starts[rank], top), low) + rank * gap
    return moved


def leaves(xs: Sequence[float], ys: Sequence[float], ceiling: float, *, log: bool) -> tuple[float, float]:
    """Return where a line first crosses a ceiling, which some of its values must pass."""
    k = next(i for i, y in enumerate(ys) if not y <= ceiling)
    if k == 0:
        return xs[0], ceiling
    scale = math.log10 if log else float
    low, high = scale(ys[k - 1]), scale(min(ys[k], 1e300)) if math.isfinite(ys[k]) else math.inf
    if not math.isfinite(high):
        return xs[k - 1], ys[k - 1]
    return xs[k - 1] + (xs[k] - xs[k - 1]) * (scale(ceiling) - low) / (high - low), ceiling


def clear(axes: "Axes") -> None:
    """Take away ticks, grid and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def halo(points: float = 2.2) -> "list[AbstractPathEffect]":
    """Return a white edge around a text or line that crosses others."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=points, foreground=PAPER)]
