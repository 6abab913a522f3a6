"""The worst examples on one sheet, as pictures or as rows: what was said, how surely, and what is true.

Knows nothing of models.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nntrain.core.types import Array
from nntrain.drawing.captions import clean, shorten, width
from nntrain.drawing.line_labels import clear
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import FAINT, INK, SOFT, VALIDATION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 5  # pictures in a row
WIDEST = 14  # letters of a cell


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its row of the source, what is true and what was said, and how much each was given, as text."""

    row: int
    truth: str
    said: str
    of_truth: str = ""
    of_said: str = ""


def draw_pictures(
    images: Array, shape: Sequence[int], examples: Sequence[Example], heading: Heading | None
) -> "Figure":
    """Draw examples (n, d) of shape (h, w), or (3, h, w) in colour, worst first."""
    wide = 1.05 if max(len(word) for one in examples for word in (one.truth, one.said)) <= 4 else 1.45
    columns = min(COLUMNS, len(images))
    sheet = Sheet(
        heading,
        columns=columns,
        rows=math.ceil(len(images) / columns),
        panel=(wide, 0.95),
        left=0.07,
        right=0.07,
        top=0.08,
        bottom=0.47,
        margin=max(0.0, 3.4 - columns * (wide + 0.14)),
    )
    for axes in sheet.axes:
        clear(axes)
    points = sheet.text * 0.84
    for axes, pixels, one in zip(sheet.axes, images, examples, strict=False):
        picture = pixels.reshape(shape)
        axes.imshow(picture.transpose(1, 2, 0) if len(shape) == 3 else picture, cmap="gray_r", aspect="equal")
        below: dict[str, Any] = {"ha": "center", "va": "top", "transform": axes.transAxes, "fontsize": points}
        said, truth = (shorten(word, WIDEST) for word in (one.said, one.truth))
        axes.text(0.5, -0.04, f"said {said}  {one.of_said}", color=VALIDATION, fontweight="bold", **below)
        axes.text(0.5, -0.19, f"true {truth}  {one.of_truth}", color=SOFT, **below)
        axes.text(0.5, -0.33, f"row {one.row:,}", color=SOFT, **(below | {"fontsize": points * 0.85}))
    return sheet.figure


def draw_rows(
    cells: Sequence[Sequence[str]], columns: Sequence[str], examples: Sequence[Example], heading: Heading | None
) -> "Figure":
    """Draw examples of a table, worst first: their row, what was said and what is true, and their ``cells``."""
    given = any(one.of_said for one in examples)
    head = ["row", "said", *([""] if given else []), "true", *([""] if given else []), *columns]
    lines = []
    for one, row in zip(examples, cells, strict=True):
        said = [one.said, one.of_said] if given else [one.said]
        truth = [one.truth, one.of_truth] if given else [one.truth]
        lines.append([f"{one.row:,}", *said, *truth, *row])
    fitted = [[shorten(cell, WIDEST) for cell in line] for line in (head, *lines)]
    points = 8.0
    widths = [max(width(clean(line[k]), points, bold=True) for line in fitted) + 0.14 for k in range(len(head))]
    tall = 0.22
    sheet = Sheet(heading, panel=(sum(widths), tall * len(fitted)), left=0.12, right=0.12, top=0.12, bottom=0.1)
    axes = sheet.axes[0]
    clear(axes)
    axes.set(xlim=(0, sum(widths)), ylim=(len(fitted), 0))
    edges = [sum(widths[:k]) for k in range(len(widths))]
    first = 5 if given else 3
    for i, line in enumerate(fitted):
        if i:
            axes.axhline(i, color=FAINT, lw=0.6)
        for k, (cell, x) in enumerate(zip(line, edges, strict=True)):
            colour = SOFT if i == 0 or k == 0 else VALIDATION if k == 1 else INK if k < first else SOFT
            weight = "bold" if i == 0 or k == 1 else "normal"
            look: dict[str, Any] = {"va": "center", "fontsize": points * sheet.text / 9, "fontweight": weight}
            axes.text(x, i + 0.5, cell, color=colour, **look)
    return sheet.figure
