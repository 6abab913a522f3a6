"""Activations side by side: f and f′ on the same axes for all. Knows nothing of which activations there are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import clean, width
from nntrain.drawing.line_labels import clear, halo
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import EDGE, INK, LARGE, SOFT, WARM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
LIMITS = (-1.6, 3.1)  # of the common axis, for functions that fit into it at all
PANEL = 1.75  # inches


@dataclass(frozen=True, slots=True)
class Function:
    """An activation on z (n,): f and f′, its formula, and where f′ jumps."""

    name: str
    formula: str
    f: Array
    df: Array
    kinks: Sequence[float] = ()


def draw_activations(z: Array, functions: Sequence[Function], heading: Heading | None) -> "Figure":
    """Draw f, solid, and f′, dashed; f′ has a gap where it jumps."""
    columns = min(COLUMNS, len(functions))
    alone = len(functions) == 1
    panel = (3.4, 2.8) if alone else (PANEL, 1.45)
    rows = math.ceil(len(functions) / columns)
    sheet = Sheet(heading, columns=columns, rows=rows, panel=panel, left=0.34, right=0.12, top=0.5, bottom=0.24)
    everything = np.concatenate([part for one in functions for part in (one.f, one.df)])
    limits = LIMITS if not alone else _limits(everything[np.isfinite(everything)])
    for axes in sheet.axes[len(functions) :]:
        clear(axes)
    for axes, function in zip(sheet.axes, functions, strict=False):
        _draw_one(axes, z, function, sheet, panel[0])
        axes.set(xlim=(z[0], z[-1]), ylim=limits)
        if not alone:
            axes.set_xticks([-4, -2, 0, 2, 4])
            axes.set_yticks([-1, 0, 1, 2, 3])
    _name_lines(sheet.axes[0], z, functions[0], sheet.text)
    return sheet.figure


def _draw_one(axes: "Axes", z: Array, function: Function, sheet: Sheet, wide: float) -> None:
    axes.axhline(0, color=EDGE, lw=0.8 * sheet.line)
    axes.axvline(0, color=EDGE, lw=0.8 * sheet.line)
    slope = function.df.astype(float)
    for kink in function.kinks:
        slope[np.abs(z - kink) < (z[1] - z[0]) * 0.75] = np.nan
    axes.plot(z, function.f, color=INK, lw=1.9 * sheet.line)
    axes.plot(z, slope, color=LARGE, lw=1.5 * sheet.line, ls=(0, (4, 1.4)))
    axes.set_title(clean(function.name), pad=sheet.text * 2.0)
    formula, points = clean(function.formula), sheet.text * 0.85
    shrink = min(1.0, (wide + 0.2) * sheet.size.scale / max(width(formula, points), 0.1))
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axes.annotate(formula, (0, 1), (0, 0.5 * sheet.text), fontsize=points * shrink, color=SOFT, **above)
    axes.grid(True, axis="both")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)


def _name_lines(axes: "Axes", z: Array, function: Function, text: float) -> None:
    low, high = axes.get_ylim()
    k, j = int(len(z) * 0.8), int(len(z) * 0.06)
    look: dict[str, Any] = {"fontsize": text * 1.05, "fontweight": "bold", "va": "bottom", "path_effects": halo()}
    y = min(float(function.f[k]), high - 0.12 * (high - low))
    axes.text(z[k] - 0.25, y, "f ", color=INK, ha="right", **look)
    axes.text(z[j], min(float(function.df[j]) + 0.04 * (high - low), high), "f′", color=WARM, **look)


def _limits(values: Array) -> tuple[float, float]:
    """Return limits that hold all of a function and its slope, but not more than a tall one lets be seen."""
    low, high = float(values.min()), float(values.max())
    low, high = max(low, -12.0), min(high, 12.0)
    pad = 0.06 * max(high - low, 1.0)
    return low - pad, high + pad
