"""Learning curves as a picture: cost, score, and the learning rate where it varies, over the epochs.

Matplotlib's ``Figure`` only, never pyplot, imported when something is drawn; the same records give the same bytes.
Must not know which metrics exist: the score is the first figure of a part beside its cost.
"""

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from nntrain.train import history
from nntrain.train.history import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["png", "svg"]

# Okabe and Ito's colours, which differ for every kind of colour vision; validation also has the solid, heavier line.
STYLES: dict[str, dict[str, Any]] = {
    "train": {"color": "#0072B2", "linewidth": 1.3, "linestyle": (0, (4, 1.5)), "marker": "o", "label": "training"},
    "validation": {"color": "#D55E00", "linewidth": 1.7, "linestyle": "-", "marker": "s", "label": "validation"},
}
RATE: dict[str, Any] = {"color": "#009E73", "linewidth": 1.5, "marker": "o"}
BEST: dict[str, Any] = {"color": "#6E6E6E", "linewidth": 0.9, "linestyle": ":", "zorder": 1}
RING: dict[str, Any] = {  # drawn around the best point, which stays visible
    "color": "black",
    "linestyle": "none",
    "marker": "o",
    "markersize": 8.5,
    "markerfacecolor": "none",
    "markeredgewidth": 1.4,
    "zorder": 5,
}
NOTE = "Training curves are measured over each epoch's own batches, while the weights move; validation at its end."
NOTE_ALONE = "Training curves are measured over each epoch's own batches, while the weights move."

PANEL = (3.5, 2.9)  # inches
LEFT, RIGHT, BELOW, ABOVE = 0.72, 0.15, 0.72, 0.62  # inches for the labels around a panel
MARKED = 40  # epochs up to which every point has its marker
DECADES = 1.5  # a cost that spans at least as many is drawn on a logarithmic scale
HUGE = 1e250  # larger values cannot be placed on an axis
RC: dict[str, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#404040",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.fontsize": 8.5,
    "legend.handlelength": 2.4,
    "savefig.dpi": 160,
    "svg.hashsalt": "nntrain",
    "svg.fonttype": "path",
}


PLAIN: dict[Format, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}


def render(
    records: Sequence[Record], *, title: str, formats: Sequence[Format] = ("png", "svg"), best_epoch: int | None = None
) -> dict[Format, bytes]:
    """Return the picture in each format; the same records and title give the same bytes.

    ``best_epoch`` is marked; None marks the lowest validation cost, and nothing where there is no validation.
    """
    from matplotlib import style

    pictures: dict[Format, bytes] = {}
    with style.context(["default", RC]):  # independent of the user's matplotlibrc
        drawn = _draw(records, title, best_epoch if best_epoch is not None else _lowest(records))
        for kind in formats:
            target = io.BytesIO()
            drawn.savefig(target, format=kind, metadata=PLAIN[kind])
            pictures[kind] = target.getvalue()
    return pictures


def _draw(records: Sequence[Record], title: str, best_epoch: int | None) -> "Figure":
    from matplotlib.figure import Figure

    score = _score(records)
    rates = {value for value in history.series(records, "lr")[1] if math.isfinite(value)}
    panels = ["cost", *([score] if score else []), *(["lr"] if len(rates) > 1 else [])]
    figure = Figure(figsize=_size(len(panels)))
    figure.subplots_adjust(**_margins(len(panels)))
    figure.suptitle(title, fontsize=11, fontweight="bold", parse_math=False, y=1 - ABOVE / PANEL[1] / 8)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        if panel == "lr":
            _draw_rate(axes, records)
        else:
            _draw_parts(axes, records, panel, best_epoch)
        _finish(axes, records)
    measured = bool(history.series(records, "validation.cost")[0])
    figure.supxlabel(NOTE if measured else NOTE_ALONE, fontsize=7.5, color="#606060")
    return figure


def _size(panels: int) -> tuple[float, float]:
    """Return width and height of a figure of so many panels in inches; a single panel is as wide as the note below."""
    return PANEL[0] * max(panels, 1.4), PANEL[1]


def _margins(panels: int) -> dict[str, float]:
    """Return the margins as shares of the figure. Matplotlib's own layout would take half the time of drawing."""
    width, height = _size(panels)
    each = (width - RIGHT - panels * LEFT) / panels
    return {
        "left": LEFT / width,
        "right": 1 - RIGHT / width,
        "bottom": BELOW / height,
        "top": 1 - ABOVE / height,
        "wspace": LEFT / each,
    }


def _draw_parts(axes: "Axes", records: Sequence[Record], name: str, best_epoch: int | None) -> None:
    """Draw one figure of training and validation, and mark the best epoch."""
    shown: list[float] = []
    for part, look in STYLES.items():
        epochs, values = _placeable(*history.series(records, f"{part}.{name}"))
        if epochs:
            axes.plot(epochs, values, **look | _markers(values))
            shown.extend(value for value in values if math.isfinite(value))
    axes.set_title(_label(name), loc="left")
    if name == "cost":
        _scale(axes, shown)
    if best_epoch is not None and len(records) > 1:
        _mark(axes, records, name, best_epoch)
    if not shown:
        axes.text(0.5, 0.5, "no finite values", transform=axes.transAxes, ha="center", va="center", color="#606060")
        axes.set_yticks([])
    else:
        _legend(axes, whole=name == "cost")


def _draw_rate(axes: "Axes", records: Sequence[Record]) -> None:
    epochs, values = _placeable(*history.series(records, "lr"))
    axes.plot(epochs, values, **RATE | _markers(values))
    axes.set_title("Learning rate", loc="left")
    _scale(axes, [value for value in values if math.isfinite(value)])


def _scale(axes: "Axes", shown: Sequence[float]) -> None:
    """Make the axis logarithmic, with plain numbers as labels, where the values span decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    decades = math.log10(max(shown)) - math.log10(min(shown)) if shown and min(shown) > 1 / HUGE else 0.0
    if decades < DECADES:
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, position: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _legend(axes: "Axes", *, whole: bool) -> None:
    """Add a legend: of all curves in the first panel, of the best epoch alone in the others."""
    handles, labels = axes.get_legend_handles_labels()
    first = 0 if whole else next((i for i, label in enumerate(labels) if label.startswith("best")), len(labels))
    if handles[first:]:
        axes.legend(handles[first:], labels[first:], loc="best")


def _mark(axes: "Axes", records: Sequence[Record], name: str, best_epoch: int) -> None:
    """Mark the best epoch by a line and its value on the validation curve (or the training curve without one)."""
    axes.axvline(best_epoch, **BEST)
    at_best = [record for record in records if record.get("epoch") == best_epoch]
    for part in ("validation", "train"):
        value = history.figure(at_best[0], f"{part}.{name}") if at_best else None
        if value is not None and abs(value) < HUGE:
            label = f"best epoch {best_epoch}: {value:.4g}"
            axes.plot([best_epoch], [value], label=label, **RING)
            return


def _finish(axes: "Axes", records: Sequence[Record]) -> None:
    """Label the epochs with whole numbers, with space around a single one."""
    from matplotlib.ticker import MaxNLocator

    epochs = history.series(records, "epoch")[0]
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))
    if len(epochs) < 2:
        middle = epochs[0] if epochs else 1
        axes.set_xlim(middle - 1, middle + 1)


def _markers(values: Sequence[float]) -> dict[str, Any]:
    """Return the markers: every point of a short curve, of a long one only points that no line reaches."""
    if len(values) <= MARKED:
        return {"markersize": 3.2}
    gap = [True, *(not math.isfinite(value) for value in values), True]
    alone = [i for i in range(len(values)) if gap[i] and gap[i + 2] and not gap[i + 1]]
    return {"markersize": 3.2, "markevery": alone, "linewidth": 1.2} if alone else {"marker": "", "linewidth": 1.2}


def _placeable(epochs: list[float], values: list[float]) -> tuple[list[float], list[float]]:
    """Return the curve with NaN, a gap, where a value is too large for an axis."""
    return epochs, [value if abs(value) < HUGE else math.nan for value in values]


def _score(records: Sequence[Record]) -> str | None:
    """Return the first figure beside the cost: accuracy, or RMSE in regression."""
    names = (name for record in records for part in STYLES for name in record.get(part, ()) if name != "cost")
    return next(names, None)


def _label(name: str) -> str:
    """Return a title such as "Cost" or "Accuracy"; up to four letters are an abbreviation: "RMSE"."""
    return name.upper() if len(name) <= 4 and name != "cost" else name.replace("_", " ").capitalize()


def _lowest(records: Sequence[Record]) -> int | None:
    record = history.best(records, "validation.cost")
    epoch = record.get("epoch") if record else None
    return epoch if isinstance(epoch, int) else None
