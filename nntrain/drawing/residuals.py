"""Predicted numbers against the true ones, and the error against the prediction. Knows nothing of models."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import shorten
from nntrain.drawing.line_labels import halo
from nntrain.drawing.scales import set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import COUNTS, INK, LARGE, PAPER, TRAINING, WARM, colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DENSE = 800  # rows beyond which dots would cover one another: hexagons count them instead
BANDED = 100  # rows from which on the median and the band of 80 % are drawn
EACH = 25  # rows that a part of the band needs
SHOWN = 0.998  # share of the errors that the axis of a dense plot shows


def draw_residuals(truth: Array, predicted: Array, heading: Heading | None, *, target: str) -> "Figure":
    """Draw predicted against true numbers (n,), and their difference against the predicted ones."""
    error = predicted - truth
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    pad = 0.03 * (high - low) or 1.0
    limits, target = (low - pad, high + pad), shorten(target)
    sheet = Sheet(heading, columns=2, panel=(3.0, 2.8), left=0.75, right=0.3)
    a, b = sheet.axes
    if len(truth) > DENSE:
        bound = float(np.quantile(np.abs(error), SHOWN)) * 1.1 or 1.0
        grid: dict[str, Any] = {"gridsize": 42, "bins": "log", "mincnt": 1, "linewidths": 0.0}
        grid["cmap"] = colour_map(("#dbe8f3", *COUNTS[2:]))
        a.hexbin(truth, predicted, extent=(*limits, *limits), **grid)
        inside = np.abs(error) <= bound
        b.hexbin(predicted[inside], error[inside], extent=(*limits, -bound, bound), **grid)
        if not inside.all():
            said = f"{int((~inside).sum()):,} of {len(error):,} beyond"
            b.set_title(said, loc="right", fontsize=sheet.text * 0.85, color=WARM, fontweight="normal")
    else:
        bound = float(np.abs(error).max()) * 1.1 or 1.0
        dots: dict[str, Any] = {"s": 14 * sheet.line**2, "color": TRAINING, "ec": PAPER, "lw": 0.4}
        a.scatter(truth, predicted, **dots)
        b.scatter(predicted, error, **dots)
    a.plot(limits, limits, color=INK, lw=1.0 * sheet.line, ls=(0, (4, 2)))
    a.set(xlim=limits, ylim=limits, xlabel=f"true {target}", title="Predicted")
    b.axhline(0, color=INK, lw=1.0 * sheet.line, ls=(0, (4, 2)))
    b.set(xlim=limits, ylim=(-bound, bound), xlabel=f"predicted {target}", title="Predicted − true")
    if len(truth) >= BANDED:
        _draw_band(b, predicted, error, sheet.text)
    for axes in sheet.axes:
        set_plain_ticks(axes.xaxis, 4)
        set_plain_ticks(axes.yaxis)
    return sheet.figure


def _draw_band(axes: "Axes", predicted: Array, error: Array, text: float) -> None:
    """Draw the median of the errors and the band that holds 80 % of them, over parts of equal size."""
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, min(15, len(predicted) // EACH) + 1)))
    if len(edges) < 2:
        return
    middles, bands = [], []
    for low, high in pairwise(edges):
        inside = (predicted >= low) & (predicted <= high)
        middles.append(float(np.median(predicted[inside])))
        bands.append(np.quantile(error[inside], [0.1, 0.5, 0.9]))
    for values, label in zip(np.array(bands).T, ("10 %", "median", "90 %"), strict=True):
        middle = label == "median"
        look: dict[str, Any] = {"ls": "-" if middle else "--", "lw": (1.6 if middle else 1.1) * text / 9}
        axes.plot(middles, values, color=LARGE, path_effects=halo(), **look)
        beside: dict[str, Any] = {"color": WARM, "fontsize": text * 0.85, "va": "center", "path_effects": halo()}
        axes.text(middles[-1], values[-1], f" {label}", **beside)
