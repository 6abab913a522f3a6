"""A figure whose panels have exact places in inches, under a heading that says what tells two pictures apart.

Nothing is measured by drawing it first but the widths of a few texts. Knows nothing of what the panels show.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nntrain.drawing.captions import clean, width
from nntrain.drawing.style import SOFT, WARM, Size, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGE = 0.12  # inches from the edge to the heading and to the note
LINE = 0.165  # inches from one line of details to the next
BETWEEN = "  ·  "


@dataclass(frozen=True)
class Heading:
    """A name, and what a reader needs to compare two pictures: model, optimizer, rate, seed, score.

    ``alarm`` says why a run ended before its time; it has a line of its own.
    """

    name: str
    details: Sequence[str] = ()
    alarm: str = ""


@dataclass
class Sheet:
    """A figure with panels; ``left``, ``right``, ``bottom`` and ``top`` are inches around each panel, before scaling.

    ``widths`` are those of the columns relative to ``panel``; ``margin`` inches are right of all panels; ``note`` is
    the small print below; a ``corner`` leaves room for a scale in the upper right one. Without a heading its place is
    not left empty; a page has one of its own. To be made inside ``styled``.
    """

    heading: Heading | None
    columns: int = 1
    rows: int = 1
    panel: tuple[float, float] = (2.9, 2.1)
    left: float = 0.6
    right: float = 0.2
    bottom: float = 0.5
    top: float = 0.35
    note: str = ""
    widths: Sequence[float] = ()
    margin: float = 0.0
    corner: bool = False
    figure: "Figure" = field(init=False)
    axes: "list[Axes]" = field(init=False)

    def __post_init__(self) -> None:
        from matplotlib.figure import Figure

        if not self.size.headed:
            self.heading = None
        k = self.size.scale
        each = [self.panel[0] * k * part for part in self.widths or [1.0] * self.columns]
        left, right, bottom, top, tall = (k * v for v in (self.left, self.right, self.bottom, self.top, self.panel[1]))
        wide = sum(each) + self.columns * (left + right) + k * self.margin
        lines = self._break_details(wide - 2 * EDGE * k)
        head = k * (0.36 + LINE * len(lines)) if self.heading else k * (0.3 if self.corner else 0.05)
        note_lines = break_text(self.note, wide - 2 * EDGE * k, self.text * 0.78)
        foot = k * (0.06 + 0.14 * len(note_lines)) if self.note else 0.0
        high = head + foot + self.rows * (top + tall + bottom)
        self.figure = Figure(figsize=(wide, high))
        self._write_heading(lines, wide, high)
        if self.note:
            look: dict[str, Any] = {"fontsize": self.text * 0.78, "color": SOFT, "va": "bottom", "linespacing": 1.3}
            self.figure.text(EDGE * k / wide, 0.07 * k / high, "\n".join(note_lines), **look)
        self.axes = []
        for row in range(self.rows):
            x, y = left, high - head - row * (top + tall + bottom) - top - tall
            for w in each:
                self.axes.append(self.figure.add_axes((x / wide, y / high, w / wide, tall / high)))
                x += w + left + right

    @property
    def size(self) -> Size:
        """The size that everything on the sheet is drawn at."""
        return size()

    @property
    def text(self) -> float:
        """Points of ordinary text."""
        return self.size.text

    @property
    def line(self) -> float:
        """Points of a line that is one point wide on a screen."""
        return self.size.text / 9

    def add_axes(self, box: tuple[float, float, float, float]) -> "Axes":
        """Return new axes at (left, bottom, width, height) in inches before scaling, from the lower left corner."""
        (wide, high), k = self.figure.get_size_inches(), self.size.scale
        x, y, w, h = box
        return self.figure.add_axes((x * k / wide, y * k / high, w * k / wide, h * k / high))

    def _write_heading(self, lines: Sequence[str], wide: float, high: float) -> None:
        if self.heading is None:
            return
        k = self.size.scale
        x, alarm = EDGE * k / wide, _alarm(self.heading)
        name = _fit(clean(self.heading.name), wide - 2 * EDGE * k, self.text * 1.22)
        self.figure.text(x, 1 - EDGE * k / high, name, fontsize=self.text * 1.22, fontweight="bold", va="top")
        first_alarm = len(lines) - len(alarm and break_text(alarm, wide - 2 * EDGE * k, self.text * 0.88))
        for i, line in enumerate(lines):
            y = 1 - (0.335 + LINE * i) * k / high
            look: dict[str, Any] = {"color": WARM, "fontweight": "bold"} if i >= first_alarm else {"color": SOFT}
            self.figure.text(x, y, line, fontsize=self.text * 0.88, va="top", **look)

    def _break_details(self, room: float) -> list[str]:
        """Return the details in lines that fit, broken between two of them, and then the alarm."""
        if self.heading is None:
            return []
        points = self.text * 0.88
        lines: list[str] = []
        for detail in filter(None, map(clean, self.heading.details)):
            longer = f"{lines[-1]}{BETWEEN}{detail}" if lines else detail
            if lines and width(longer, points) <= room:
                lines[-1] = longer
            else:
                lines += break_text(detail, room, points)
        return [*lines, *break_text(_alarm(self.heading), room, points)]


def _alarm(heading: Heading) -> str:
    return f"✕ {clean(heading.alarm)}" if heading.alarm else ""


def break_text(text: str, room: float, points: float) -> list[str]:
    """Return a text in lines that fit into so many inches, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, points, bold=True) <= room:
            lines[-1] = longer
        else:
            lines.append(_fit(word, room, points))
    return lines


def _fit(text: str, room: float, points: float) -> str:
    """Return a text that fits into so many inches, cut where it does not."""
    full = width(text, points, bold=True)
    return text if full <= room else f"{text[: max(int(len(text) * room / full) - 2, 1)]}…"
