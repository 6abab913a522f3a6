"""The score of settings against one key that was swept: seeds as rings, means with intervals, diverged as crosses.

Knows nothing of run directories.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nntrain.core.student import Sample
from nntrain.drawing.captions import shorten
from nntrain.drawing.line_labels import halo
from nntrain.drawing.scales import set_cost_axis, set_log_ticks, set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import COOL, GROUND, INK, LARGE, PAPER, SMALL, SOFT, WARM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

JOINED = 40  # values that a line joins; more are drawn at random, each once
BELOW, ABOVE = 0.16, 0.06  # shares of the axis: below for the crosses


@dataclass(frozen=True)
class SweptValue:
    """A value of the key, the scores of each setting that has it, seed by seed, and how many seeds diverged."""

    value: float | str
    settings: Sequence[Sequence[float]]
    diverged: int = 0


@dataclass(frozen=True)
class SweptKey:
    """A key and its values, ascending where they are numbers.

    ``score`` is the title of the figure that counts; ``share`` says that it lies in 0…1, ``rises`` that more is better.
    Values from the first to the second of ``right`` are not worse than the best one; smaller and larger ones are.
    """

    key: str
    score: str
    values: Sequence[SweptValue]
    heading: Heading | None
    log: bool = False
    share: bool = False
    rises: bool = True
    right: tuple[float, float] | None = None

    def draw(self) -> "Figure":
        """Return the figure; to be called inside ``styled``."""
        sheet = Sheet(self.heading, panel=(5.4, 2.9), left=0.66, right=0.4, top=0.6)
        axes, line = sheet.axes[0], sheet.line
        places = [float(i) if self._named else float(one.value) for i, one in enumerate(self.values)]
        self._set_scales(axes, places)
        if self.right is not None:
            self._mark_right(axes, places, self.right)
        means = [[Sample.of(list(scores)) for scores in one.settings if scores] for one in self.values]
        best = [max(own, key=lambda found: found.mean if self.rises else -found.mean) if own else None for own in means]
        joined = [(place, found.mean) for place, found in zip(places, best, strict=True) if found is not None]
        if len(places) <= JOINED and not self._named:
            axes.plot([x for x, _ in joined], [y for _, y in joined], color=INK, lw=1.3 * line, zorder=3)
        for place, one, found in zip(places, self.values, best, strict=True):
            self._draw_value(axes, place, one, found)
        self._draw_diverged(axes, places)
        axes.set_xlabel(self.key)
        axes.set_title(self.score, pad=sheet.text * 2.0)
        if any(len(one.settings) > 1 for one in self.values):
            said = "line: the best setting at each value" if not self._named else "bar: the best setting at each value"
            axes.set_title(said, loc="right", fontsize=sheet.text * 0.85, color=SOFT, fontweight="normal")
        return sheet.figure

    @property
    def _named(self) -> bool:
        """Whether the values have no order by size."""
        return any(isinstance(one.value, str) for one in self.values)

    def _set_scales(self, axes: "Axes", places: Sequence[float]) -> None:
        scores = [score for one in self.values for own in one.settings for score in own] or [0.0, 1.0]
        if self.share:
            span = max(max(scores) - min(scores), 0.02)
            axes.set_ylim(min(scores) - BELOW * span, max(scores) + ABOVE * span)
            set_plain_ticks(axes.yaxis)
        else:
            set_cost_axis(axes, scores)
        if self._named:
            names = [shorten(str(one.value), 14) for one in self.values]
            axes.set_xticks(places, names)
            axes.set_xlim(-0.6, len(places) - 0.4)
        elif self.log:
            axes.set_xscale("log")
            step = (max(places) / min(places)) ** (0.5 / max(len(places) - 1, 1)) if len(places) > 1 else 2.0
            axes.set_xlim(min(places) / min(step, 3.0), max(places) * min(step, 3.0))
            set_log_ticks(axes.xaxis, *axes.get_xlim())
        else:
            span = max(places) - min(places) or abs(places[0]) or 1.0
            axes.set_xlim(min(places) - 0.06 * span, max(places) + 0.06 * span)
            set_plain_ticks(axes.xaxis)

    def _mark_right(self, axes: "Axes", places: Sequence[float], right: tuple[float, float]) -> None:
        """Shade what is right, and write above each zone what its values are."""
        low, high = axes.get_xlim()
        under = [place for place in places if place < right[0]]
        over = [place for place in places if place > right[1]]
        edges = (
            self._between(max(under), right[0]) if under else low,
            self._between(right[1], min(over)) if over else high,
        )
        axes.axvspan(*edges, color=GROUND, zorder=0)
        zones = (
            ("too small", COOL, low, edges[0]),
            ("right", INK, *edges),
            ("too large", WARM, edges[1], high),
        )
        for words, colour, start, end in zones:
            if end > start:
                look: dict[str, Any] = {"color": colour, "ha": "center", "va": "bottom", "fontweight": "bold"}
                axes.text(self._between(start, end), 1.02, words, transform=axes.get_xaxis_transform(), **look)

    def _between(self, a: float, b: float) -> float:
        return math.sqrt(a * b) if self.log else (a + b) / 2

    def _draw_value(self, axes: "Axes", place: float, one: SweptValue, best: Sample | None) -> None:
        from matplotlib import rcParams

        text = rcParams["font.size"]
        colour = self._colour(one)
        ring: dict[str, Any] = {"mfc": "none", "mec": colour, "mew": 0.9, "ms": 0.46 * text, "alpha": 0.75, "zorder": 4}
        for scores in one.settings:
            axes.plot([place] * len(scores), scores, "o", **ring)
        if best is None or not (best.n > 1 or len(one.settings) > 1):
            return
        axes.plot(place, best.mean, "_", color=colour, ms=text, mew=0.22 * text, zorder=5)
        if math.isfinite(best.half):
            low, high = axes.get_ylim()
            ends = (max(best.mean - best.half, low), min(best.mean + best.half, 1.0 if self.share else high))
            axes.vlines(place, *ends, color=colour, lw=0.2 * text, zorder=3)

    def _colour(self, one: SweptValue) -> str:
        if self.right is None or isinstance(one.value, str):
            return INK
        return SMALL if one.value < self.right[0] else LARGE if one.value > self.right[1] else INK

    def _draw_diverged(self, axes: "Axes", places: Sequence[float]) -> None:
        from matplotlib import rcParams

        text, across = rcParams["font.size"], axes.get_xaxis_transform()
        lost = [(place, one.diverged) for place, one in zip(places, self.values, strict=True) if one.diverged]
        for place, number in lost:
            cross: dict[str, Any] = {"color": LARGE, "ms": 0.83 * text, "mec": PAPER, "zorder": 6, "clip_on": False}
            axes.plot(place, 0.035, "X", transform=across, **cross)
            look: dict[str, Any] = {"color": WARM, "ha": "center", "va": "bottom", "fontsize": 0.83 * text}
            axes.text(place, 0.075, str(number), transform=across, **look)
        if lost:
            at_left = axes.transAxes.inverted().transform(axes.transData.transform((lost[0][0], 0)))[0] < 0.25
            place = lost[-1][0] if at_left else lost[0][0]
            said: dict[str, Any] = {"ha": "left" if at_left else "right", "va": "center", "fontsize": 0.85 * text}
            away = (text if at_left else -text, 0)
            where: dict[str, Any] = {"xytext": away, "textcoords": "offset points", "color": WARM}
            said["path_effects"] = halo()
            axes.annotate("diverged runs", (place, 0.035), xycoords=across, annotation_clip=False, **where, **said)
