"""The units of a network on some rows: histograms of what goes in and out of each layer, dead and saturated units.

Knows nothing of networks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.captions import clean
from nntrain.drawing.line_labels import clear
from nntrain.drawing.scales import set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import GROUND, INK, LARGE, SOFT, TRAINING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SEEN = 0.995  # share of the values that the axis shows; those beyond are counted at its ends
PALE = "#cfe1f0"


@dataclass(frozen=True, slots=True)
class Units:
    """One layer on some rows: z (n, k) before and h (n, m) after the activation, and its units that are out of order.

    ``dead`` and ``saturated`` are (m,); ``flat`` are the ranges of z in which f′ is nearly 0.
    """

    name: str
    z: Array
    h: Array
    dead: Array
    saturated: Array
    flat: Sequence[tuple[float, float]] = ()


def draw_units(layers: Sequence[Units], heading: Heading | None) -> "Figure":
    """Draw of each layer the histograms of z and h, and every unit as a square: crossed if dead, dark if saturated."""
    sheet = Sheet(
        heading,
        columns=3,
        rows=len(layers),
        panel=(2.2, 1.0),
        left=0.35,
        right=0.2,
        top=0.42,
        bottom=0.28,
        widths=(1.1, 1.0, 1.1),
    )
    bound = max(float(np.quantile(np.abs(layer.z), SEEN)) for layer in layers) * 1.05 or 1.0
    for i, layer in enumerate(layers):
        before, after, units = sheet.axes[3 * i : 3 * i + 3]
        _draw_before(before, layer, bound, sheet.text)
        _draw_after(after, layer.h.ravel(), sheet.text)
        _draw_squares(units, layer, sheet)
        for axes in (before, after):
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            set_plain_ticks(axes.xaxis)
            axes.grid(False)
    return sheet.figure


def _draw_before(axes: "Axes", layer: Units, bound: float, text: float) -> None:
    for low, high in layer.flat:
        axes.axvspan(max(low, -bound), min(high, bound), color=GROUND, zorder=0)
    axes.hist(np.clip(layer.z, -bound, bound).ravel(), bins=np.linspace(-bound, bound, 61).tolist(), color=TRAINING)
    axes.axvline(0, color=SOFT, lw=0.8)
    axes.set_title(f"{clean(layer.name)}: z")
    if layer.flat:
        inside = np.any([(low <= layer.z) & (layer.z <= high) for low, high in layer.flat], axis=0)
        _say_right(axes, f"{inside.mean():.0%} where f′ ≈ 0", text)


def _draw_after(axes: "Axes", h: Array, text: float) -> None:
    heights = np.sort(axes.hist(h, bins=50, color=TRAINING)[0])
    if heights[-1] > 4 * heights[-2] > 0:  # one value stands out, mostly 0: cut its bar, so that the others are seen
        axes.set_ylim(0, 4 * heights[-2])
    axes.set_title("h = f(z)")
    if np.any(h == 0):
        _say_right(axes, f"{np.mean(h == 0):.0%} exactly 0", text)


def _draw_squares(axes: "Axes", layer: Units, sheet: Sheet) -> None:
    n = layer.h.shape[1]
    wide, high = axes.bbox.width, axes.bbox.height
    across = max(math.ceil(math.sqrt(n * wide / high)), 4)
    rows = max(math.ceil(n / across), 2)
    clear(axes)
    side = 0.8 * 72 / axes.figure.dpi * min(wide / across, high / rows)
    order = np.argsort(-(2 * layer.dead.astype(int) + layer.saturated.astype(int)), kind="stable")
    full = layer.saturated & ~layer.dead
    for chosen, marker, colour in ((~layer.dead & ~full, "s", PALE), (full, "s", LARGE), (layer.dead, "X", INK)):
        places = np.flatnonzero(chosen[order])
        axes.scatter(places % across, places // across, s=side**2, marker=marker, color=colour, lw=0)
    axes.set(xlim=(-0.5, across - 0.5), ylim=(rows - 0.5, -0.5))
    axes.set_title(f"{n:,} unit{'s' if n != 1 else ''}")
    said = [f"✕ {layer.dead.sum():,} dead"] * bool(layer.dead.any()) + [f"■ {full.sum():,} saturated"] * bool(
        full.any()
    )
    loud: dict[str, Any] = {"color": INK, "fontweight": "bold"} if said else {"color": SOFT, "fontweight": "normal"}
    axes.set_title(", ".join(said) or "none dead", loc="right", fontsize=sheet.text * 0.85, **loud)


def _say_right(axes: "Axes", words: str, text: float) -> None:
    axes.set_title(words, loc="right", fontsize=text * 0.85, color=SOFT, fontweight="normal")
