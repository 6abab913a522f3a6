"""Calibration: how often a model is right against how sure it says it is. Knows nothing of models."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import share
from nntrain.drawing.scales import set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import EDGE, INK, LARGE, PAPER, SOFT, TRAINING, WARM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY = 10  # examples from which on a bin counts: below, its dot is hollow and not joined
NEGLIGIBLE = 0.01  # a difference of confidence and accuracy that is not worth a word


def draw_reliability(
    sure: Array, right: Array, table: dict[str, Array], error: float, heading: Heading | None
) -> "Figure":
    """Draw the bins of a model that is ``sure`` (n,) of what it says, which is ``right`` (n,) or not.

    ``table`` has of each bin (b,) that is not empty its examples ``n``, the means of ``sure`` and ``right``, and the
    95 % interval ``low`` … ``high`` of the latter; ``error`` is the expected calibration error.
    """
    sheet = Sheet(heading, panel=(3.2, 2.9), left=0.62, right=1.8, bottom=1.22)
    axes, line = sheet.axes[0], sheet.line
    s, r, n = (table[name] for name in ("sure", "right", "n"))
    many = n >= MANY
    axes.plot([0, 1], [0, 1], color=SOFT, lw=0.9 * line, ls=(0, (4, 2)))
    axes.vlines(s, table["low"], table["high"], color=TRAINING, lw=1.6 * line)
    axes.vlines(s[many], np.minimum(s, r)[many], np.maximum(s, r)[many], color=LARGE, lw=4.5 * line, alpha=0.35)
    axes.plot(s[many], r[many], "o-", color=INK, ms=4.2 * line, lw=1.0 * line, mec=PAPER, mew=0.6)
    axes.plot(s[~many], r[~many], "o", mfc=PAPER, mec=SOFT, ms=3.6 * line, mew=0.9)
    low = 0.0 if s.min() < 0.45 else 0.5 if s.min() >= 0.5 else 0.4
    bottom = min(low, float(table["low"].min()), float(r.min()))
    axes.set(xlim=(low - 0.01, 1.01), ylim=(bottom - 0.02, 1.02))
    axes.set_title("Share that is right")
    _say_figures(axes, sure, right, error, sheet.text)
    quiet: dict[str, Any] = {"color": SOFT, "fontsize": sheet.text * 0.83}
    axes.text(low + 0.03 * (1 - low), 0.985, "right more often than said", va="top", **quiet)
    axes.text(0.985, bottom + 0.01, "too sure", ha="right", va="bottom", **quiet)
    wide = 3.2
    below = sheet.add_axes((0.62, 0.5, wide, 0.45))
    below.bar(s, n, width=(1.02 - low) * 0.035, color=EDGE)
    below.set(xlim=axes.get_xlim(), ylim=(0, n.max() * 1.02), xlabel="probability of the class it said")
    below.set_yticks([n.max()], [f"{int(n.max()):,}"])
    below.set_title("Examples", pad=3)
    below.grid(False)
    set_plain_ticks(below.xaxis)
    set_plain_ticks(axes.xaxis)
    set_plain_ticks(axes.yaxis)
    axes.tick_params(labelbottom=False)
    return sheet.figure


def _say_figures(axes: "Axes", sure: Array, right: Array, error: float, text: float) -> None:
    """Write the figures right of the axes; "too sure" only beyond 0.01 and two standard errors."""
    over = float(sure.mean() - right.mean())
    beside: dict[str, Any] = {"transform": axes.transAxes, "va": "top"}
    axes.text(1.05, 1.0, f"ECE {error:.3f}", color=INK, fontweight="bold", fontsize=text * 1.1, **beside)
    said = f"says {share(float(sure.mean()))} on average,\nis right {share(float(right.mean()))}"
    axes.text(1.05, 0.88, said, color=SOFT, linespacing=1.4, fontsize=text * 0.94, **beside)
    if abs(over) > max(NEGLIGIBLE, 2 * float(right.std()) / math.sqrt(len(right))):
        verdict = "too sure" if over > 0 else "not sure enough"
        axes.text(1.05, 0.71, verdict, color=WARM, fontweight="bold", fontsize=text * 0.94, **beside)
    small = f"{len(sure):,} examples\nbars: 95 % interval"
    axes.text(1.05, 0.12, small, color=SOFT, linespacing=1.4, fontsize=text * 0.85, **beside)
