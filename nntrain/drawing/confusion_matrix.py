"""A confusion matrix: what is right in blue by recall, errors in orange on a scale of their own.

On one scale the diagonal would drown all errors. Knows nothing of models.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import share, shorten, width
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import COUNTS, EDGE, ERRORS, FAINT, SOFT, colour_map, readable_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW, SOME = 4, 20  # classes up to which cells have shares, and counts
WORST = 12  # pairs that are listed beside a matrix too fine to read
LOUDEST = 0.10  # the scale of errors ends at this share or more: one slip in 36 does not shout


def draw_confusion(counts: Array, names: Sequence[str], heading: Heading | None) -> "Figure":
    """Draw counts (c, c) of examples: a row is a true class, a column the class that was said."""
    c = len(counts)
    totals = counts.sum(axis=1, keepdims=True)
    rates = counts / np.maximum(totals, 1)
    off = rates * (1 - np.eye(c))
    shown = [shorten(name, 16) for name in names]
    longest = max(width(name, 8.5) for name in shown)
    cell = 0.95 if c <= FEW else 0.42 if c <= 12 else 0.34 if c <= SOME else max(4.4 / c, 0.045)
    turned = c > SOME or longest > cell * 1.1
    below = 0.45 + (longest if turned and c <= 60 else 0.1)
    right = 0.75 if c <= SOME else 1.9 + 2 * longest
    beside = 0.42 + (longest if c <= 60 else 0)
    sheet = Sheet(heading, panel=(cell * c,) * 2, left=beside, right=right, bottom=below, top=0.34)
    axes, text = sheet.axes[0], sheet.text
    image = colour_map(ERRORS)(0.62 * np.sqrt(np.minimum(off / max(float(off.max()), LOUDEST), 1)))
    image[np.arange(c), np.arange(c)] = colour_map(COUNTS)(0.12 + 0.66 * np.diag(rates))
    image[(counts == 0) & ~np.eye(c, dtype=bool)] = (1, 1, 1, 1)
    axes.imshow(image, aspect="equal")
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=EDGE)
    if c <= SOME:
        _write_counts(axes, counts, rates, image, text * (0.94 if c <= 12 else 0.72))
    else:
        _list_worst(axes, counts, shown, text)
    _name_classes(axes, shown, text * (0.94 if c <= 12 else 0.8 if c <= SOME else 0.56), turned=turned)
    return sheet.figure


def _write_counts(axes: "Axes", counts: Array, rates: Array, image: Array, points: float) -> None:
    """Write the count into each cell that has one, with its share where there are few; recall at the right."""
    c = len(counts)
    for i, j in np.argwhere(counts > 0):
        said = f"{counts[i, j]:,}" + (f"\n{rates[i, j]:.1%}" if c <= FEW else "")
        ink = readable_on(image[i, j])
        axes.text(j, i, said, ha="center", va="center", fontsize=points, color=ink, linespacing=1.3)
    for i in range(c):
        recall = share(float(rates[i, i])) if counts[i].sum() else "–"
        axes.text(c - 0.35, i, recall, va="center", fontsize=points, color=SOFT)
    axes.text(c - 0.35, -0.75 if c > 2 else -0.62, "recall", va="center", fontsize=points * 0.9, color=SOFT)
    axes.set_xticks(np.arange(c - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(c - 1) + 0.5, minor=True)
    axes.grid(which="minor", axis="both", color=FAINT, lw=0.8)


def _list_worst(axes: "Axes", counts: Array, names: Sequence[str], text: float) -> None:
    """List the most frequent errors beside a matrix too fine to read."""
    off = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = [k for k in np.argsort(-off, axis=None, kind="stable")[:WORST] if off.flat[k]]
    title = "most frequent errors" if order else "no errors"
    axes.text(1.04, 1.0, title, fontsize=text * 0.88, color=SOFT, va="top", transform=axes.transAxes)
    for place, flat in enumerate(order):
        i, j = divmod(int(flat), len(counts))
        y = 0.94 - 0.055 * place
        share_of = counts[i, j] / max(counts[i].sum(), 1)
        said = f"{names[i]} taken for {names[j]}  ({share_of:.0%})"
        axes.text(1.04, y, f"{counts[i, j]:,}", fontsize=text * 0.88, va="top", transform=axes.transAxes)
        axes.text(1.16, y, said, fontsize=text * 0.88, va="top", transform=axes.transAxes)


def _name_classes(axes: "Axes", names: Sequence[str], points: float, *, turned: bool) -> None:
    places = range(len(names)) if len(names) <= 60 else []
    axes.set_xticks(places, names if places else [], fontsize=points, rotation=90 if turned else 0)
    axes.set_yticks(places, names if places else [], fontsize=points)
    axes.tick_params(length=0, pad=3)
    axes.set_xlabel("said")
    axes.set_ylabel("true")
