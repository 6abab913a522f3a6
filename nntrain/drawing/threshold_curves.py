"""How well scores part two classes: ROC, precision against recall, and both against the threshold.

The threshold in use is the same ring in all three. Knows nothing of models.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import number, share, shorten
from nntrain.drawing.line_labels import halo
from nntrain.drawing.scales import set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import COOL, INK, PAPER, SOFT, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Ranking(NamedTuple):
    """Figures at every threshold (k,), the highest first: what is said positive at a score of at least ``cut``.

    ``auc`` is the area under the ROC curve, ``average`` the average precision, ``share`` that of the positive ones.
    ``at`` is the place of the threshold in use, -1 where no score reaches it.
    """

    cut: Array
    recall: Array
    false_rate: Array
    precision: Array
    f1: Array
    auc: float
    average: float
    share: float
    at: int
    threshold: float


def draw_ranking(ranking: Ranking, heading: Heading | None, *, positive: str, score: str) -> "Figure":
    """Draw the three panels; ``positive`` names the class, ``score`` what the threshold is on."""
    sheet = Sheet(heading, columns=3, panel=(2.3, 2.3), left=0.5, right=0.32)
    roc, pr, by_threshold = sheet.axes
    _draw_roc(roc, ranking, sheet)
    _draw_precision(pr, ranking, sheet, shorten(positive, 16))
    _draw_threshold(by_threshold, ranking, sheet, score)
    for axes in sheet.axes:
        axes.set_ylim(-0.01, 1.02)
        set_plain_ticks(axes.xaxis)
        set_plain_ticks(axes.yaxis)
    return sheet.figure


def _ring(sheet: Sheet, colour: str = INK) -> dict[str, Any]:
    look = {"marker": "o", "ms": 6.5 * sheet.line, "mfc": PAPER, "mec": colour, "mew": 1.4 * sheet.line}
    return look | {"zorder": 6, "clip_on": False, "ls": "none"}


def _draw_roc(axes: "Axes", found: Ranking, sheet: Sheet) -> None:
    axes.plot([0, 1], [0, 1], color=SOFT, lw=0.9 * sheet.line, ls=(0, (4, 2)))
    axes.plot(np.r_[0, found.false_rate], np.r_[0, found.recall], color=INK)
    at = (found.false_rate[found.at], found.recall[found.at]) if found.at >= 0 else (0.0, 0.0)
    axes.plot([at[0]], [at[1]], **_ring(sheet))
    axes.set(xlim=(-0.01, 1.01), xlabel="false positive rate", title="ROC: recall")
    axes.text(0.97, 0.06, f"AUC {share(found.auc)}", ha="right", fontsize=sheet.text * 1.05, fontweight="bold")
    axes.text(0.53, 0.45, "by chance", color=SOFT, fontsize=sheet.text * 0.83)
    _say_right(axes, f"○ threshold {number(found.threshold, 3)}", sheet)


def _draw_precision(axes: "Axes", found: Ranking, sheet: Sheet, positive: str) -> None:
    axes.axhline(found.share, color=SOFT, lw=0.9 * sheet.line, ls=(0, (4, 2)))
    axes.plot(found.recall, found.precision, color=INK)
    if found.at >= 0:
        axes.plot([found.recall[found.at]], [found.precision[found.at]], **_ring(sheet))
    axes.set(xlim=(-0.01, 1.01), xlabel=f"recall of {positive}", title="Precision")
    above = found.share < 0.2
    bold = f"average precision {share(found.average)}"
    axes.text(0.03, found.share + 0.13 if above else 0.06, bold, fontsize=sheet.text * 1.05, fontweight="bold")
    axes.text(0.03, found.share + 0.02, f"by chance {share(found.share)}", color=SOFT, fontsize=sheet.text * 0.83)


def _draw_threshold(axes: "Axes", found: Ranking, sheet: Sheet, score: str) -> None:
    lines = (
        ("precision", found.precision, VALIDATION, VALIDATION, "-", 0.97),
        ("recall", found.recall, TRAINING, COOL, (0, (5, 1.5)), 0.12),
        ("F1", found.f1, INK, INK, "-", 0.72),
    )
    low, high = (0.0, 1.0) if score == "probability" else (float(found.cut[-1]), float(found.cut[0]))
    span = (high - low) or 1.0
    for name, values, colour, ink, dashes, where in lines:
        axes.plot(found.cut, values, color=colour, ls=dashes)
        if found.at >= 0:
            axes.plot([found.cut[found.at]], [values[found.at]], **_ring(sheet, colour))
        x = low + where * span
        y = float(values[int(np.abs(found.cut - x).argmin())])
        look: dict[str, Any] = {"color": ink, "fontsize": sheet.text * 0.94, "path_effects": halo()}
        axes.text(x, min(y + 0.03, 0.95), name, ha="right" if where > 0.9 else "left", **look)
    best = int(found.f1.argmax())
    axes.axvline(found.cut[best], color=SOFT, lw=0.8 * sheet.line, ls=(0, (1, 2)))
    axes.set(xlim=(low - 0.01 * span, high + 0.01 * span), xlabel=f"threshold on the {score}", title="Threshold")
    _say_right(axes, f"best F1 {share(float(found.f1[best]))} at {number(float(found.cut[best]), 2)}", sheet)


def _say_right(axes: "Axes", words: str, sheet: Sheet) -> None:
    axes.set_title(words, loc="right", fontsize=sheet.text * 0.85, color=SOFT, fontweight="normal")
