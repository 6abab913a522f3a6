"""Settings as lines through one axis for each key that was swept, the score last; the best ones are dark.

Knows nothing of run directories.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.drawing.captions import number, shorten, tick
from nntrain.drawing.line_labels import clear, halo
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import EDGE, INK, SOFT, colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALE = ("#dfe5ea", "#a9c6de", "#6ba3d0")  # from the worst to the best of those that are not among the best
FEW = 6  # different values that are placed evenly
STEPS = 24  # pieces of a bent line from one axis to the next
JITTER = 0.018  # by which equal places part, so that lines do not cover one another


@dataclass(frozen=True)
class ParallelAxes:
    """Settings ``rows`` (n) of values by ``keys``, and their scores; ``log`` tells of each axis whether it is.

    The ``top`` best settings are drawn in ink; ``rises`` says that more is better.
    """

    keys: Sequence[str]
    rows: Sequence[Sequence[float | str]]
    scores: Sequence[float]
    log: Sequence[bool]
    score: str
    heading: Heading | None
    rises: bool = True
    top: int = 5

    def draw(self) -> "Figure":
        """Return the figure; to be called inside ``styled``."""
        n = len(self.keys) + 1
        sheet = Sheet(self.heading, panel=(max(1.35 * (n - 1), 2.7), 2.6), left=0.6, right=0.7, top=0.5, bottom=0.25)
        axes = sheet.axes[0]
        clear(axes)
        columns: list[Sequence[float | str]] = [[row[k] for row in self.rows] for k in range(n - 1)]
        columns.append(list(self.scores))
        places = np.empty((len(self.rows), n))
        for k, (name, values) in enumerate(zip([*self.keys, self.score], columns, strict=True)):
            places[:, k], marks = axis_of(values, log=self.log[k], spread=k == n - 1)
            _draw_axis(axes, k, shorten(name, 20), marks, last=k == n - 1)
        jitter = generator(0, Stream.DRAWING).uniform(-JITTER, JITTER, places.shape)
        for k in range(n - 1):
            if len(set(map(str, columns[k]))) < len(self.rows) / 2:
                places[:, k] += jitter[:, k]
        order = np.argsort(np.asarray(self.scores) * (1.0 if self.rises else -1.0), kind="stable")
        shades = colour_map(PALE)
        bent, mix, left, right = _bends(n)
        for rank, i in enumerate(order):
            among = len(order) - rank <= self.top
            line = places[i, left] * (1 - mix) + places[i, right] * mix
            look: dict[str, Any] = {"color": INK if among else shades(rank / len(order)), "zorder": 4 if among else 3}
            axes.plot(bent, line, lw=(1.9 if among else 1.0) * sheet.line, **look)
        axes.set(xlim=(-0.25, n - 1 + 0.1), ylim=(-0.03, 1.03))
        return sheet.figure


def axis_of(values: Sequence[float | str], *, log: bool, spread: bool = False) -> tuple[Array, list[tuple[float, str]]]:
    """Return places (n,) from 0 to 1 and a few marks; texts and few different numbers are placed evenly.

    With ``spread`` numbers are placed by size however few there are.
    """
    from matplotlib.ticker import MaxNLocator

    texts = [str(value) for value in values if isinstance(value, str)]
    kinds = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if texts or (not spread and len(kinds) <= FEW):
        even = {kind: (i + 0.5) / len(kinds) for i, kind in enumerate(kinds)}
        named = [(even[kind], shorten(kind, 12) if isinstance(kind, str) else number(kind)) for kind in kinds]
        return np.array([even[value] for value in values]), named
    numbers = np.log10(np.asarray(values, float)) if log else np.asarray(values, float)
    low, high = float(numbers.min()), float(numbers.max())
    span = high - low or 1.0
    if log:
        marks = [(float(e), tick(10.0**e)) for e in range(math.ceil(low), math.floor(high) + 1)]
        marks = marks or [(low, number(10.0**low)), (high, number(10.0**high))]
    else:
        marks = [(float(v), number(float(v), 3)) for v in MaxNLocator(4).tick_values(low, high) if low <= v <= high]
    return (numbers - low) / span, [((v - low) / span, said) for v, said in marks]


def _bends(n: int) -> tuple[Array, Array, Array, Array]:
    """Return, for points along n axes, where each is, how far it is bent, and the axes on its left and right."""
    bent = np.linspace(0, n - 1, STEPS * (n - 1) + 1)
    left = np.floor(np.minimum(bent, n - 1 - 1e-9)).astype(int)
    t = bent - left
    return bent, t * t * (3 - 2 * t), left, np.minimum(left + 1, n - 1)  # 3t² − 2t³


def _draw_axis(axes: "Axes", k: int, name: str, marks: Sequence[tuple[float, str]], *, last: bool) -> None:
    from matplotlib import rcParams

    text = rcParams["font.size"]
    axes.axvline(k, color=EDGE, lw=0.1 * text, zorder=2)
    for place, said in marks:
        axes.plot([k - 0.02, k + 0.02], [place, place], color=EDGE, lw=0.1 * text, zorder=2)
        look: dict[str, Any] = {"fontsize": 0.83 * text, "color": SOFT, "path_effects": halo(), "zorder": 5}
        side: dict[str, Any] = {"ha": "left" if last else "right", "va": "center"}
        axes.text(k + 0.035 if last else k - 0.035, place, said, **side, **look)
    axes.text(k, 1.09, name, ha="center", fontsize=0.94 * text, fontweight="bold")
