"""The weights of the first layer: as pictures, where its inputs are pictures, else as a table of shades.

Knows nothing of how they are drawn.
"""

from functools import partial

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.heat_map import draw_heat_map
from nntrain.drawing.style import Draw
from nntrain.drawing.templates import draw_templates
from nntrain.pictures.image_shape import known_shape, square, to_planes
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.runs.trained import Trained

MOST = 50  # rows of W that are drawn as pictures


def gather_weights(origin: Origin, options: Options) -> Draw:
    """Return how to draw the rows of the first W: each is the pattern that its unit answers to."""
    model = origin.model(options.epoch)
    W = next(array for name, array in model.assembly.network.params.named(model.assembly.network.params.theta))
    names = _row_names(model, len(W))
    told = None if options.shape is not None else _told_shape(model)
    shape = known_shape(options.shape, told, W.shape[1])
    if shape is None and told is None and not model.assembly.facts.feature_names:
        shape = square(W.shape[1])
    if shape is None:
        columns = model.assembly.facts.feature_names or [f"x{k + 1}" for k in range(W.shape[1])]
        return partial(draw_heat_map, W.astype(np.float64), names, columns, origin.heading(model, "first W"))
    shown = _most_telling(W)
    more = f"{len(shown)} of the {len(W):,} rows of W, those that are longest" if len(shown) < len(W) else "rows of W"
    rows = to_planes(W[shown].astype(np.float64), told, shape)
    return partial(draw_templates, rows, shape, [names[k] for k in shown], origin.heading(model, more))


def _most_telling(W: Array) -> Array:
    """Return which rows are drawn: all, or of too many those that are longest, in their order."""
    if len(W) <= MOST:
        return np.arange(len(W))
    return np.sort(np.argsort(-np.square(W).sum(axis=1), kind="stable")[:MOST])


def _row_names(model: Trained, rows: int) -> list[str]:
    """Return what the rows of the first W are for: classes or targets in a linear model, else hidden units."""
    facts, network = model.assembly.facts, model.assembly.network
    if len(network.sizes) == 2:
        named = facts.class_names or facts.target_names
        if len(named) == rows:
            return list(named)
        if rows == 1 and len(facts.class_names) == 2:
            return [facts.class_names[1]]
    return [f"unit {k + 1}" for k in range(rows)]


def _told_shape(model: Trained) -> tuple[int, ...] | None:
    """Return the shape of a picture that the source of the data tells, None where there is none."""
    spec = model.assembly.spec
    return spec.data.load(spec.seed).image_shape
