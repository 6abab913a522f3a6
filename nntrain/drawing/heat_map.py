"""Weights as a table of shades: a row a unit, a column an input, both with their names. Knows nothing of networks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import number, shorten, width
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import EDGE, SIGNED, colour_map, readable_on
from nntrain.drawing.templates import draw_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 16  # columns up to which each cell has its number
NAMED = 60  # rows or columns up to which each has its name
LARGEST = 7.0  # inches that a side takes at most


def draw_heat_map(W: Array, row_names: Sequence[str], column_names: Sequence[str], heading: Heading | None) -> "Figure":
    """Draw W (c, d) on one scale around 0; with few columns each cell has its number."""
    c, d = W.shape
    numbered = d <= FEW and c <= NAMED
    cell = 0.52 if numbered else min(0.2, LARGEST / d)
    tall = 0.24 if numbered else min(0.2, LARGEST / c)
    rows, columns = ([shorten(name, 20) for name in names] for names in (row_names, column_names))
    points = 7.5
    beside = max((width(name, points) for name in rows), default=0) if c <= NAMED else 0.1
    below = max((width(name, points) for name in columns), default=0) if d <= NAMED else 0.1
    turned = below > cell * 0.95
    limit = float(np.abs(W).max()) or 1.0
    sheet = Sheet(
        heading,
        panel=(cell * d, tall * c),
        left=0.25 + beside,
        right=0.3,
        bottom=0.3 + (below if turned else 0.12),
        top=0.3,
        margin=max(0.0, 3.4 - cell * d - beside - 0.55),
        corner=True,
    )
    axes = sheet.axes[0]
    image = axes.imshow(W, cmap=colour_map(SIGNED), vmin=-limit, vmax=limit, aspect="auto")
    axes.grid(False)
    if numbered:
        for (i, j), value in np.ndenumerate(W):
            ink = readable_on(colour_map(SIGNED)(0.5 + value / limit / 2))
            axes.text(j, i, number(float(value), 3), ha="center", va="center", fontsize=sheet.text * 0.78, color=ink)
    scale = sheet.text / 9
    axes.set_yticks(range(c) if c <= NAMED else [], rows if c <= NAMED else [], fontsize=points * scale)
    axes.set_xticks(range(d) if d <= NAMED else [], columns if d <= NAMED else [], fontsize=points * scale)
    axes.tick_params(length=0, pad=3, axis="both")
    axes.tick_params(axis="x", rotation=90 if turned else 0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=EDGE)
    if c > NAMED:
        axes.set_ylabel(f"{c:,} units")
    if d > NAMED:
        axes.set_xlabel(f"{d:,} inputs")
    draw_scale(sheet, image, limit)
    return sheet.figure
