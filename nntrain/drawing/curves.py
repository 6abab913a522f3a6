"""Learning curves as a picture: the cost, every score, and the learning rate where it varies, over the epochs.

The same curves give the same bytes, in whichever process they are drawn. Knows nothing of run directories, and of
metrics only which of them are scores.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nntrain.drawing.captions import number, share
from nntrain.drawing.line_labels import End, label_ends
from nntrain.drawing.scales import set_cost_axis, set_plain_ticks, set_share_axis
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import INK, LARGE, PAPER, SOFT, TRAINING, VALIDATION, Format, Use, render
from nntrain.train import history
from nntrain.train.history import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PARTS = {"train": "training", "validation": "validation"}
LOOKS: Mapping[str, Mapping[str, Any]] = {  # differ in hue, lightness, dashes and width: any one is enough
    "training": {"color": TRAINING, "linestyle": (0, (4, 1.4))},
    "validation": {"color": VALIDATION, "linestyle": "-"},
}
WIDTHS = {"training": 1.5, "validation": 1.9, "": 1.7}
RATE = "lr"
HUGE = 1e250  # larger values cannot be placed on an axis
MOST = 4  # panels in a row
VANISHED = 1e-3  # of its largest value: a rate below is said to go to 0
NOTE = "Training: mean over the batches of each epoch, while the weights move."
VALIDATED = "  Validation: after each epoch."

Line = tuple[list[float], list[float]]  # epochs and values


@dataclass(frozen=True)
class Curves:
    """What is drawn of one run: its records, the heading, and the epoch whose weights are ``kept``, which is ringed.

    Without one the lowest validation cost is ringed. ``scores`` are the figures of which 1 is best. With an alarm in
    the heading the curves end in a cross. A heading of None is left out, for a page that has its own.
    """

    records: Sequence[Record]
    heading: Heading | None
    kept: int | None = None
    scores: Sequence[str] = field(default=())

    def render(self, formats: Sequence[Format] = ("png", "svg"), use: Use = "screen") -> dict[Format, bytes]:
        """Return the picture in each format."""
        return render(self.draw, formats, use)

    def draw(self, only: str | None = None) -> "Figure":
        """Return the figure, of all panels or of one, without its note; to be called inside ``styled``."""
        panels = self.panels() if only is None else {only: self.panels()[only]}
        columns = min(len(panels), MOST if len(panels) != MOST + 1 else 3)
        rows = math.ceil(len(panels) / columns)
        validated = any("validation" in lines for lines in panels.values())
        note = NOTE + VALIDATED * validated if only is None else ""
        sheet = Sheet(self.heading, columns=columns, rows=rows, panel=(2.45, 2.1), right=0.78, left=0.62, note=note)
        for axes, (name, lines) in zip(sheet.axes, panels.items(), strict=False):
            self._draw_panel(axes, name, lines)
        for axes in sheet.axes[len(panels) :]:
            axes.set_visible(False)
        return sheet.figure

    def panels(self) -> dict[str, dict[str, Line]]:
        """Return the lines of each panel: of each figure the parts that have it, and the learning rate if it varies."""
        names = dict.fromkeys(
            name for record in self.records for part in PARTS for name in _mapping(record.get(part)) if name != "cost"
        )
        panels: dict[str, dict[str, Line]] = {}
        for name in ("cost", *names):
            lines = {said: _placeable(history.series(self.records, f"{part}.{name}")) for part, said in PARTS.items()}
            panels[name] = {part: line for part, line in lines.items() if line[0]}
        rate = _placeable(history.series(self.records, RATE))
        if len({value for value in rate[1] if math.isfinite(value)}) > 1:
            panels[RATE] = {"": rate}
        return panels

    def _draw_panel(self, axes: "Axes", name: str, lines: Mapping[str, Line]) -> None:
        from matplotlib import rcParams

        text = rcParams["font.size"]
        axes.set_title(title_of(name))
        values = [value for _, line in lines.values() for value in line if math.isfinite(value)]
        if not values:
            centred: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center", "color": SOFT}
            axes.text(0.5, 0.5, "no finite values", **centred)
            axes.set_yticks([])
        self._set_scale(axes, name, values)
        alarm = self.heading is not None and bool(self.heading.alarm)
        ends = []
        for part, (epochs, line) in lines.items():
            look = dict(LOOKS.get(part, {"color": INK, "linestyle": "-"}))
            if len(lines) == 1:
                look["linestyle"] = "-"
            axes.plot(epochs, line, lw=WIDTHS[part] * text / 9, **look, **_markers(line))
            last = next((i for i in reversed(range(len(line))) if math.isfinite(line[i])), None)
            if last is None:
                continue
            if alarm and name != RATE:
                cross: dict[str, Any] = {"color": LARGE, "ms": text * 1.05, "mec": PAPER, "mew": 0.8, "zorder": 6}
                axes.plot([epochs[last]], [line[last]], "X", clip_on=False, **cross)
            said = self._say(name, line[last], max(values))
            ends.append(End(epochs[last], line[last], f"{part}\n{said}" if part else said, look["color"]))
        if name != RATE:
            self._ring_best(axes, name, lines, text)
        self._set_epochs(axes)
        label_ends(axes, ends, text * 0.88, lines=2 if name != RATE else 1)

    def _set_scale(self, axes: "Axes", name: str, values: Sequence[float]) -> None:
        if not values:
            return
        if name == RATE:  # by decades only where it does not end at 0, which a logarithmic axis cannot show
            ordered = sorted(values)
            apart = ordered[0] > 0 and ordered[-1] >= 10 * ordered[len(ordered) // 2]
            set_cost_axis(axes, values, log=apart and values[-1] >= VANISHED * ordered[-1], least=1.1)
        elif self._is_score(name, values):
            set_share_axis(axes, values)
        else:
            set_cost_axis(axes, values)

    def _is_score(self, name: str, values: Sequence[float]) -> bool:
        return name in self.scores and min(values) >= 0 and max(values) <= 1

    def _say(self, name: str, value: float, largest: float) -> str:
        if name == RATE:
            return "→ 0" if abs(value) < VANISHED * largest else number(value)
        return share(value) if name in self.scores and abs(value) <= 1 else number(value)

    def _ring_best(self, axes: "Axes", name: str, lines: Mapping[str, Line], text: float) -> None:
        """Ring the epoch that is kept, or that of the lowest validation cost, and say its value in the title."""
        lowest = history.best(self.records, "validation.cost")
        epoch = self.kept if self.kept is not None else lowest.get("epoch") if lowest else None
        shown = lines.get("validation") or lines.get("training")
        if epoch is None or shown is None or epoch not in shown[0] or len(self.records) < 2:
            return
        value = shown[1][shown[0].index(epoch)]
        if not math.isfinite(value):
            return
        axes.axvline(epoch, color=SOFT, lw=0.8 * text / 9, ls=(0, (1, 2)), zorder=1)
        ring: dict[str, Any] = {
            "mfc": "none",
            "mec": INK,
            "ms": text * 0.85,
            "mew": 1.2 * text / 9,
            "zorder": 6,
            "clip_on": False,
        }
        axes.plot([epoch], [value], "o", **ring)
        said = f"{'kept' if self.kept is not None else 'lowest'}: epoch {epoch}, {self._say(name, value, value)}"
        axes.set_title(said, loc="right", fontsize=text * 0.85, color=SOFT, fontweight="normal")

    def _set_epochs(self, axes: "Axes") -> None:
        epochs = history.series(self.records, "epoch")[0]
        axes.set_xlabel("epoch")
        last = max(epochs, default=1)
        axes.set_xlim((0, 1.02 * last) if len(epochs) > 1 else (last - 1, last + 1))
        set_plain_ticks(axes.xaxis, whole=True)


def title_of(name: str) -> str:
    """Return a title such as "Cost" or "Accuracy"; up to four letters are an abbreviation: "RMSE"."""
    if name == RATE:
        return "Learning rate"
    return name.upper() if len(name) <= 4 and name != "cost" else name.replace("_", " ").capitalize()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _placeable(line: Line) -> Line:
    """Return the line with NaN, a gap, where a value is too large for an axis."""
    return line[0], [value if abs(value) < HUGE else math.nan for value in line[1]]


def _markers(values: Sequence[float]) -> dict[str, Any]:
    """Return markers for the points that no line reaches, because their neighbours are missing."""
    gap = [True, *(not math.isfinite(value) for value in values), True]
    alone = [i for i in range(len(values)) if gap[i] and gap[i + 2] and not gap[i + 1]]
    return {"marker": "o", "markevery": alone} if alone else {}
