"""Gradients and steps by layer over the epochs; the first layer is the darkest, so that vanishing is a fan.

Knows nothing of networks.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nntrain.drawing.captions import clean
from nntrain.drawing.line_labels import End, label_ends
from nntrain.drawing.scales import set_cost_axis, set_plain_ticks
from nntrain.drawing.sheet import Heading, Sheet
from nntrain.drawing.style import GROUND, ORDER, SOFT, colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

USUAL = (1e-4, 1e-2)  # of the length of a step by that of the weights (about 1e-3 is advised: Karpathy, CS231n)


def draw_gradients(
    epochs: Sequence[int],
    norms: Mapping[str, Sequence[float]],
    ratios: Mapping[str, Sequence[float]],
    heading: Heading | None,
    *,
    note: str,
) -> "Figure":
    """Draw by layer the norm of the gradient and the length of a step by that of the weights, one value an epoch."""
    sheet = Sheet(heading, columns=2, panel=(2.9, 2.3), left=0.62, right=0.75, note=note)
    for axes, table, title in zip(
        sheet.axes, (norms, ratios), ("‖gradient‖ by layer", "‖step‖ / ‖weights‖"), strict=True
    ):
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.set_xlim(0, max(max(epochs, default=1), 1) * 1.02)
        set_plain_ticks(axes.xaxis, whole=True)
        _draw_lines(axes, epochs, table, sheet)
    sheet.axes[1].axhspan(*USUAL, color=GROUND, zorder=0)
    sheet.axes[1].set_title("grey: usual", loc="right", fontsize=sheet.text * 0.85, color=SOFT, fontweight="normal")
    return sheet.figure


def _draw_lines(axes: "Axes", epochs: Sequence[int], table: Mapping[str, Sequence[float]], sheet: Sheet) -> None:
    positive = [value for values in table.values() for value in values if 0 < value < float("inf")]
    if not positive:
        axes.text(0.5, 0.5, "all are 0", transform=axes.transAxes, ha="center", color=SOFT)
        axes.set_yticks([])
        return
    set_cost_axis(axes, positive, log=True)
    shades, ends = colour_map(ORDER), []
    for i, (name, values) in enumerate(table.items()):
        colour = shades(i / max(len(table) - 1, 1))
        shown = [value if value > 0 else float("nan") for value in values]
        axes.plot(epochs, shown, color=colour, lw=1.5 * sheet.line, marker="o" if len(epochs) == 1 else "")
        last = next((k for k in reversed(range(len(shown))) if shown[k] == shown[k]), None)
        if last is not None:
            ends.append(End(epochs[last], shown[last], clean(name), colour))
    label_ends(axes, ends, sheet.text * 0.88)
