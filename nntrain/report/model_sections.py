"""The inside of the kept model: its hidden units, and its first weights. Knows nothing of HTML."""

from nntrain.drawing.page import Figures, Section, Table
from nntrain.drawing.templates import draw_templates
from nntrain.drawing.unit_histograms import draw_units
from nntrain.errors import UserError
from nntrain.pictures.activation_pictures import find_units
from nntrain.pictures.picture_options import Options
from nntrain.pictures.weight_pictures import gather_weights
from nntrain.report.reported_run import ReportedRun

MOST_INPUTS = 60  # of a model without hidden layers whose weights are shown as a table of shades


def health_section(run: ReportedRun) -> Section | None:
    """Return the units of every hidden layer on rows of the data; None where there is none, or nothing to show."""
    scored = run.scored
    if scored is None:
        return None
    units, probe = find_units(scored.model, scored.split)
    if not units:
        return None
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
    return Section("health", "Units", [Figures(caption, [picture]), Table(f"On {probe}", heads, rows)], full=True)


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
    picture = run.pictures.draw(draw, f"{caption} {sizes[1]:,} rows of {sizes[0]:,} inputs.", on_white=True)
    return Section("weights", "Weights", [Figures(caption, [picture])])
