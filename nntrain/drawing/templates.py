"""Weights as pictures: each row of W laid out as the pictures that it is multiplied with. Knows nothing of networks."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import number, shorten
from nntrain.drawing.line_labels import clear
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import SIGNED, SOFT, colour_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

STRETCHED = "Each picture is one row of W, stretched to its own range; its middle grey is about 0."
COLUMNS = 5
OUTLIERS = 0.995  # share of the weights that the scale shows; the few beyond have its ends


def draw_templates(W: Array, shape: Sequence[int], names: Sequence[str], heading: Heading | None) -> "Figure":
    """Draw rows of W (c, h·w) on one scale around 0, for shape (h, w), or (c, 3·h·w), for shape (3, h, w), in colour.

    The planes of a colour picture are red, green and blue. Each colour picture fills its own range.
    """
    in_colour = len(shape) == 3
    columns = min(COLUMNS if len(W) <= 40 else 10, len(W))
    wide = 1.05 if columns <= COLUMNS else 0.8
    tall = wide * shape[-2] / shape[-1]
    sheet = Sheet(
        heading,
        columns=columns,
        rows=math.ceil(len(W) / columns),
        panel=(wide, tall),
        left=0.06,
        right=0.06,
        top=0.22,
        bottom=0.06,
        note=STRETCHED if in_colour else "",
        margin=max(0.0, 3.4 - columns * (wide + 0.12)),
        corner=True,
    )
    limit = float(np.quantile(np.abs(W), OUTLIERS)) or 1.0
    image = None
    for axes in sheet.axes:
        clear(axes)
    for axes, row, name in zip(sheet.axes, W, names, strict=False):
        if in_colour:
            low, high = np.quantile(row, [1 - OUTLIERS, OUTLIERS])
            picture = np.clip((row.reshape(shape) - low) / max(high - low, 1e-30), 0, 1)
            axes.imshow(picture.transpose(1, 2, 0), aspect="equal")
        else:
            image = axes.imshow(row.reshape(shape), cmap=colour_map(SIGNED), vmin=-limit, vmax=limit, aspect="equal")
        axes.set_title(shorten(name, 16), pad=2.5, loc="center", fontsize=sheet.text * 0.94)
    if image is not None:
        draw_scale(sheet, image, limit)
    return sheet.figure


def draw_scale(sheet: Sheet, image: "AxesImage", limit: float) -> None:
    """Put a small scale from −limit to limit into the upper right corner."""
    wide, high = sheet.figure.get_size_inches() / sheet.size.scale
    bar = sheet.add_axes((wide - 1.45, high - 0.23, 0.9, 0.08))
    sheet.figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[])
    clear(bar)
    look: dict[str, Any] = {"transform": bar.transAxes, "va": "center_baseline", "color": SOFT}
    bar.text(-0.06, 0.5, number(-limit, 2), ha="right", fontsize=sheet.text * 0.8, **look)
    bar.text(1.06, 0.5, "+" + number(limit, 2), ha="left", fontsize=sheet.text * 0.8, **look)
