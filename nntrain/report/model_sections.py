"""The inside of the kept model: its hidden units, and its first weights. Knows nothing of HTML."""

from collections.abc import Iterator
from functools import partial

from nntrain.drawing.gradient_norms import draw_gradients
from nntrain.drawing.page import Block, Figures, Section, Table
from nntrain.drawing.templates import draw_templates
from nntrain.drawing.unit_histograms import draw_units
from nntrain.errors import UserError
from nntrain.pictures.activation_pictures import find_units
from nntrain.pictures.gradient_pictures import RECORDED, recorded_norms
from nntrain.pictures.picture_options import Options
from nntrain.pictures.weight_pictures import gather_weights
from nntrain.report.reported_run import ReportedRun

NAMES = {
    "weight_norm": "‖weights‖",
    "gradient_norm": "‖gradient‖",
    "update_ratio": "‖step‖ / ‖weights‖",
    "dead": "dead",
    "saturated": "saturated",
    "mean": "mean of h",
    "deviation": "deviation of h",
}
NORMS = ("weight_norm", "gradient_norm", "update_ratio")
MOST_INPUTS = 60  # of a model without hidden layers whose weights are shown as a table of shades


def health_section(run: ReportedRun) -> Section | None:
    """Return the hidden units on rows of the data, and the norms by layer; None where there is nothing to show."""
    blocks: list[Block] = [*_units(run), *_norms(run)]
    return Section("health", "Layers", blocks, full=True) if blocks else None


def _units(run: ReportedRun) -> Iterator[Block]:
    scored = run.scored
    if scored is None:
        return
    units, probe = find_units(scored.model, scored.split)
    if not units:
        return
    rows = []
    for layer in units:
        counts = (layer.h.shape[1], int(layer.dead.sum()), int((layer.saturated & ~layer.dead).sum()))
        h = layer.h
        rows.append([layer.name, *(f"{n:,}" for n in counts), f"{h.mean():.3g}", f"{h.std():.3g}"])
    said = "; ".join(f"{row[0]}: {row[2]} of {row[1]} units dead, {row[3]} saturated" for row in rows)
    caption = "Grey: where the slope is nearly 0. Dead: no gradient passes the unit on any of the rows. Saturated: the "
    caption += "unit lies in the flat part on 95 % of them."
    picture = run.pictures.draw(lambda: draw_units(units, None), f"{said}.")
    heads = ["layer", "units", "dead", "saturated", "mean of h", "deviation of h"]
    yield Figures(caption, [picture])
    yield Table(f"On {probe}", heads, rows)


def _norms(run: ReportedRun) -> Iterator[Block]:
    """Yield the gradients and steps by layer, where the run recorded them in more than one epoch, and the last ones."""
    found = recorded_norms(run.records)
    if len(found.epochs) > 1:
        ends = "; ".join(f"{name}: {values[-1]:.3g}" for name, values in found.norms.items())
        said = f"Norm of the gradient by layer over the epochs, at last {ends}; steps by the length of the weights."
        draw = partial(draw_gradients, *found.lines, None, note="")
        yield Figures(RECORDED, [run.pictures.draw(draw, said, on_white=True)])
    last, at = (run.summary or {}).get("layers"), "of the kept weights"
    if not last and found.epochs:
        last = next(record["layers"] for record in reversed(run.records) if record.get("layers"))
        at = f"after epoch {found.epochs[-1]:,}"
    if last:
        shown = NORMS if run.scored is not None else tuple(NAMES)  # the units stand above then
        names = [name for name in shown if any(name in layer for layer in last.values())]
        rows = [[f"layer {key}", *(_cell(layer.get(name)) for name in names)] for key, layer in last.items()]
        yield Table(f"On a probe of training rows, {at}", ["layer", *(NAMES[name] for name in names)], rows)


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def weights_section(run: ReportedRun) -> Section | None:
    """Return the rows of the first W, where they are pictures or few."""
    scored = run.scored
    if scored is None:
        return None
    try:
        draw = gather_weights(run.origin, Options())
    except UserError:  # the data that would tell whether rows are pictures are gone
        return None
    pictured = getattr(draw, "func", None) is draw_templates
    sizes = scored.model.assembly.network.sizes
    if not pictured and (len(sizes) > 2 or sizes[0] > MOST_INPUTS):
        return None
    caption = "Each picture is a row of W: light speaks for it, dark against." if pictured else "The rows of W."
    picture = run.pictures.draw(draw, f"{caption} {sizes[1]:,} rows of {sizes[0]:,} inputs.", on_white=True, scale=1.3)
    return Section("weights", "Weights", [Figures(caption, [picture])], full=True)
