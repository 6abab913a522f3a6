"""Curves of several runs on common axes; what diverges leaves them at a cross.

The axes fit the runs that did not diverge, so that one that did cannot press the others flat. Knows nothing of run
directories.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nntrain.drawing.captions import shorten, width
from nntrain.drawing.line_labels import End, halo, label_ends, leaves
from nntrain.drawing.scales import set_cost_axis, set_plain_ticks, set_share_axis
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import LARGE, ORDER, PAPER, WARM, colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATIO = 5.0  # between the ends of a curve, from which on a cost is drawn on a logarithmic scale
HUGE = 1e300
HEADROOM = 0.09  # of an axis, for the label of what leaves it
LETTERS = 30  # of a label
APART = 0.2  # inches from one label to the next
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))  # in turn, where colours come near each other


@dataclass(frozen=True)
class Line:
    """A run: its label, epochs and values, and its place among ``series``, which decides its look.

    Lines of one series look alike, those that are ``faint`` thinner. One that ``diverged`` ends with its last number.
    """

    label: str
    epochs: Sequence[float]
    values: Sequence[float]
    series: int
    diverged: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Panel:
    """One figure of all runs: its title, its lines, and whether it is a score, of which 1 is best."""

    title: str
    lines: Sequence[Line]
    score: bool = False


@dataclass(frozen=True)
class Overlay:
    """Panels side by side, each ``tall`` inches or more; the shades of the series go from dark to light."""

    panels: Sequence[Panel]
    heading: Heading | None
    note: str = ""
    tall: float = field(default=2.6)

    def draw(self) -> "Figure":
        """Return the figure; to be called inside ``styled``."""
        labelled = max(sum(bool(line.label) for line in panel.lines) for panel in self.panels)
        labels = [shorten(line.label, LETTERS) for panel in self.panels for line in panel.lines]
        diverges = any(line.diverged for panel in self.panels for line in panel.lines)
        room = 0.35 + max((width(label, 8.5) for label in labels), default=0.0) + 0.6 * diverges
        high = max(self.tall, APART * (labelled + 1))
        sheet = Sheet(self.heading, len(self.panels), panel=(3.4, high), left=0.62, right=room, note=self.note)
        for axes, panel in zip(sheet.axes, self.panels, strict=True):
            _draw(axes, panel)
        return sheet.figure


def _draw(axes: "Axes", panel: Panel) -> None:
    from matplotlib import rcParams

    text = rcParams["font.size"]
    _set_scale(axes, panel)
    if any(line.diverged for line in panel.lines):
        _raise_top(axes)
    count = 1 + max((line.series for line in panel.lines), default=0)
    shades = colour_map(ORDER)
    ends: list[End] = []
    crosses: list[tuple[float, float, str]] = []
    ceiling = axes.get_ylim()[1]
    for line in panel.lines:
        colour = shades(line.series / max(count - 1, 1))
        dashes = DASHES[line.series % len(DASHES)] if count <= 2 * len(DASHES) else "-"
        values = [min(value, HUGE) for value in line.values]
        axes.plot(line.epochs, values, color=colour, ls=dashes, lw=(0.8 if line.faint else 1.7) * text / 9)
        over = next((i for i, value in enumerate(values) if value > ceiling), None)
        label = shorten(line.label, LETTERS)
        if line.diverged and over is not None:
            crosses.append((*leaves(line.epochs, values, ceiling, log=axes.get_yscale() == "log"), label))
        elif line.diverged:
            last = [pair for pair in zip(line.epochs, values, strict=True) if math.isfinite(pair[1])]
            crosses.append((*(last[-1] if last else (0.0, ceiling)), label))
        elif label and values and math.isfinite(values[-1]):
            ends.append(End(line.epochs[-1], values[-1], label, colour))
    axes.set_title(panel.title)
    axes.set_xlabel("epoch")
    axes.set_xlim(0, 1.01 * max((max(line.epochs, default=1) for line in panel.lines), default=1))
    set_plain_ticks(axes.xaxis, 6, whole=True)
    label_ends(axes, ends, text * 0.94)
    _mark_crosses(axes, crosses, text)


def _raise_top(axes: "Axes") -> None:
    """Make room at the top for the labels of crosses."""
    low, high = axes.get_ylim()
    axes.set_ylim(
        low, high * (high / low) ** HEADROOM if axes.get_yscale() == "log" else high + HEADROOM * (high - low)
    )


def _set_scale(axes: "Axes", panel: Panel) -> None:
    tame = [line for line in panel.lines if not line.diverged] or list(panel.lines)
    values = [value for line in tame for value in line.values if math.isfinite(value)]
    if panel.score and values and min(values) >= 0 and max(values) <= 1:
        set_share_axis(axes, values)
        return
    spans = [max(line.values) / min(line.values) for line in tame if line.values and min(line.values) > 0]
    positive = bool(values) and min(values) > 0
    set_cost_axis(axes, values, log=positive and max(spans, default=1.0) >= RATIO)


def _mark_crosses(axes: "Axes", crosses: Sequence[tuple[float, float, str]], text: float) -> None:
    """Draw the crosses; those at the top have their labels below one another."""
    ceiling, above = axes.get_ylim()[1], 0
    for x, y, label in sorted(crosses):
        look: dict[str, Any] = {"color": LARGE, "ms": text, "mec": PAPER, "mew": 0.8, "clip_on": False, "zorder": 7}
        axes.plot([x], [y], "X", **look)
        if not label:
            continue
        down = -text * (1.35 * above + 0.2) if y >= ceiling else 0.0
        above += y >= ceiling
        said: dict[str, Any] = {"color": WARM, "va": "top" if y >= ceiling else "center", "path_effects": halo(3)}
        where: dict[str, Any] = {"xytext": (text * 0.9, down), "textcoords": "offset points"}
        axes.annotate(f"{label}  diverged", (x, y), **where, **said, annotation_clip=False, zorder=8)
