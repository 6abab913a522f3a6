"""The score over two keys that were swept: a cell for each pair of values of a grid, a dot for each setting else.

The darker the better; the best has a frame, and a pair at which all runs diverged a cross. Knows nothing of run
directories.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import number, share, shorten, width
from nntrain.drawing.line_labels import clear
from nntrain.drawing.scales import set_log_ticks, set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import COUNTS, EDGE, GROUND, INK, LARGE, PAPER, SOFT, colour_map, readable_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUMBERED = 12  # columns up to which each cell has its number
NAMED = 30  # values beside an axis at most
POINTS = 7.5  # of the values beside the axes
LIGHTEST = 0.5  # share of the settings that have the lightest shade, so that the better ones differ

Place = tuple[float | str, float | str]


@dataclass(frozen=True)
class SweptPair:
    """Two keys and a score for each pair of values, None where all runs diverged; ``log`` tells of each axis.

    Texts keep their order, which is read from above. ``share`` says that the score lies in 0…1, ``rises`` that more is
    better.
    """

    keys: tuple[str, str]
    score: str
    scores: dict[Place, float | None]
    heading: Heading | None
    log: tuple[bool, bool] = (False, False)
    share: bool = False
    rises: bool = True

    @property
    def is_grid(self) -> bool:
        """Whether most pairs of values have a score, so that cells can be drawn."""
        across, up = (self._values(axis) for axis in (0, 1))
        named = any(isinstance(value, str) for pair in self.scores for value in pair)
        return named or 2 * len(self.scores) >= len(across) * len(up)

    def draw(self) -> "Figure":
        """Return the figure; to be called inside ``styled``."""
        return self._draw_cells() if self.is_grid else self._draw_dots()

    def _values(self, axis: int) -> list[float | str]:
        found = list(dict.fromkeys(pair[axis] for pair in self.scores))
        if any(isinstance(value, str) for value in found):
            return found[::-1] if axis else found
        return sorted(found)

    def _range(self) -> tuple[float, float]:
        """Return the scores of the lightest and of the darkest shade."""
        known = np.array([score for score in self.scores.values() if score is not None])
        best = known.max() if self.rises else known.min()
        light = float(np.quantile(known, LIGHTEST if self.rises else 1 - LIGHTEST))
        return (light if light != best else float(known.min() if self.rises else known.max())), float(best)

    def _shades(self, scores: Array) -> Array:
        """Return where scores lie between the lightest and the darkest shade, from 0 to 1."""
        light, dark = self._range()
        return np.clip((scores - light) / (dark - light or 1.0), 0.0, 1.0)

    def _best(self) -> Place:
        known = {pair: score for pair, score in self.scores.items() if score is not None}
        return (max if self.rises else min)(known, key=lambda pair: known[pair])

    def _draw_cells(self) -> "Figure":
        across, up = (self._values(axis) for axis in (0, 1))
        names = [[shorten(_said(value), 14) for value in values] for values in (across, up)]
        numbered = len(across) <= NUMBERED
        wide, tall = max(2.6, (0.56 if numbered else 0.25) * len(across)), max(1.2, 0.26 * len(up))
        beside = max(width(name, POINTS) for name in names[1])
        below = max(width(name, POINTS) for name in names[0])
        turned = below > wide / len(across) * 0.95
        bottom = 0.42 + (below if turned else 0.14)
        sheet = Sheet(self.heading, panel=(wide, tall), left=0.5 + beside, right=0.3, bottom=bottom, top=0.55)
        axes = sheet.axes[0]
        axes.set_facecolor(GROUND)
        axes.grid(False)
        scores = np.full((len(up), len(across)), np.nan)
        for (x, y), score in self.scores.items():
            if score is not None:
                scores[up.index(y), across.index(x)] = score
        shades, colours = self._shades(scores), colour_map(COUNTS)
        look: dict[str, Any] = {"cmap": colours, "vmin": 0.0, "vmax": 1.0, "aspect": "auto", "origin": "lower"}
        axes.imshow(shades, **look)
        for (x, y), score in self.scores.items():
            i, j = up.index(y), across.index(x)
            if score is None:
                axes.plot(j, i, "X", color=LARGE, ms=0.8 * sheet.text, mec=PAPER)
            elif numbered:
                ink = readable_on(colours(float(shades[i, j])))
                axes.text(j, i, self._said(score), ha="center", va="center", fontsize=sheet.text * 0.8, color=ink)
        x, y = self._best()
        self._frame(axes, across.index(x), up.index(y), sheet.line)
        steps = [-(-len(values) // NAMED) for values in names]
        axes.set_xticks(range(0, len(across), steps[0]), names[0][:: steps[0]], fontsize=POINTS * sheet.line)
        axes.set_yticks(range(0, len(up), steps[1]), names[1][:: steps[1]], fontsize=POINTS * sheet.line)
        axes.tick_params(length=0, pad=3, axis="both")
        axes.tick_params(axis="x", rotation=90 if turned else 0)
        for spine in axes.spines.values():
            spine.set(visible=True, color=EDGE)
        return self._finish(sheet)

    def _frame(self, axes: "Axes", j: int, i: int, line: float) -> None:
        from matplotlib.patches import Rectangle

        for colour, points in ((INK, 3.6), (PAPER, 1.2)):  # to be seen on any shade
            look: dict[str, Any] = {"fill": False, "ec": colour, "lw": points * line, "clip_on": False, "zorder": 6}
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, **look))

    def _draw_dots(self) -> "Figure":
        sheet = Sheet(self.heading, panel=(4.2, 2.9), left=0.75, right=0.3, top=0.55)
        axes = sheet.axes[0]
        pairs = [pair for pair, score in self.scores.items() if score is not None]
        known = np.array([self.scores[pair] for pair in pairs], float)
        order = np.argsort(known if self.rises else -known, kind="stable")
        x, y = (np.array([pairs[i][axis] for i in order], float) for axis in (0, 1))
        look: dict[str, Any] = {"cmap": colour_map(COUNTS), "vmin": 0.0, "vmax": 1.0, "s": 5.2 * sheet.text}
        axes.scatter(x, y, c=self._shades(known[order]), edgecolors=EDGE, linewidths=0.7 * sheet.line, zorder=3, **look)
        best = self._best()
        axes.plot(*best, "o", mfc="none", mec=INK, mew=1.8 * sheet.line, ms=1.15 * sheet.text, zorder=5)
        for pair, score in self.scores.items():
            if score is None:
                axes.plot(*pair, "X", color=LARGE, ms=0.8 * sheet.text, mec=PAPER, zorder=4)
        for axis, (log, scale) in enumerate(zip(self.log, (axes.set_xscale, axes.set_yscale), strict=True)):
            ticks, limits = (axes.xaxis, axes.get_xlim) if axis == 0 else (axes.yaxis, axes.get_ylim)
            if log:
                scale("log")
                set_log_ticks(ticks, *limits())
            else:
                set_plain_ticks(ticks)
        return self._finish(sheet)

    def _finish(self, sheet: Sheet) -> "Figure":
        """Name the axes and say what the shades mean."""
        axes, (light, dark) = sheet.axes[0], self._range()
        axes.set_xlabel(self.keys[0])
        axes.set_ylabel(self.keys[1])
        axes.set_title(self.score)
        wide, high = sheet.figure.get_size_inches() / sheet.size.scale
        bar = sheet.add_axes((wide - 1.15, high - 0.23, 0.6, 0.1))
        clear(bar)
        bar.imshow(np.linspace(0, 1, 64)[None], cmap=colour_map(COUNTS), aspect="auto")
        said: dict[str, Any] = {"transform": bar.transAxes, "va": "center_baseline", "color": SOFT}
        sign = "≤ " if self.rises else "≥ "
        bar.text(-0.1, 0.5, sign + self._said(light), ha="right", fontsize=sheet.text * 0.85, **said)
        bar.text(1.1, 0.5, self._said(dark), ha="left", fontsize=sheet.text * 0.85, **said)
        return sheet.figure

    def _said(self, score: float) -> str:
        return share(score) if self.share else number(score, 3)


def _said(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)
