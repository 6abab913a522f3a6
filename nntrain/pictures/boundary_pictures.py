"""What a model says over two of its inputs, the others held at their means; as a film while it learns.

The grid goes the way of all inputs: encoded, scaled, and through the network. Knows nothing of how it is drawn.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.types import Array
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.drawing.boundary import Plane, Points, draw_regions, draw_surface
from nntrain.drawing.style import Draw
from nntrain.errors import SpecError, did_you_mean
from nntrain.ops.layers import Dense
from nntrain.pictures.film import frames_of
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.pictures.scored_part import ScoredExamples
from nntrain.runs.evaluation import predict_rows
from nntrain.runs.trained import Trained

GRID = 161  # places of each input
MOST_POINTS, MOST_LINES = 2000, 32
MARGIN = 0.06  # of the data's range, around it


def gather_boundary(origin: Origin, options: Options) -> Draw:
    """Return how to draw the regions of classes, or the surface of a number, over two inputs."""
    scored = ScoredExamples.of(origin, options.epoch, options.split or "train")
    view = BoundaryView(scored, options.columns)
    return view.draw(scored.model, *scored.heading(*view.more).details[3:])


def film_boundary(origin: Origin, options: Options) -> list[Draw]:
    """Return the pictures of a film of the training, from the first weights on."""
    views: list[BoundaryView] = []

    def frame(model: Trained, score: str) -> Draw:
        if not views:
            views.append(
                BoundaryView(ScoredExamples.of_model(origin, model, options.split or "train"), options.columns)
            )
        return views[0].draw(model, f"epoch {model.epoch}", score, *views[0].more)

    return frames_of(origin, options, frame)


class BoundaryView:
    """The grid over two inputs, and the data on it. ``more`` are lines for the heading."""

    def __init__(self, scored: ScoredExamples, columns: str | None) -> None:
        scored.need("boundary", "classification", "regression")
        self.scored, raw = scored, scored.raw
        width = raw.train.X.shape[1]
        names = list(raw.feature_names) or [f"x{k + 1}" for k in range(width)]
        self.pair = _choose(names, columns, [bool(texts) for texts in raw.texts] or [False] * width)
        self.names = (names[self.pair[0]], names[self.pair[1]])
        self.more = [] if width == 2 else [f"the other {width - 2} inputs at their means"]
        n = len(scored.result.rows)
        self.chosen = choose_evenly(n, MOST_POINTS)
        if len(self.chosen) < n:
            self.more.append(f"{len(self.chosen):,} of {n:,} points")
        inputs = scored.raw_rows(self.chosen).astype(np.float64)
        self.at = inputs[:, list(self.pair)]
        if not np.isfinite(self.at).all():
            raise SpecError(f"boundary: {' or '.join(self.names)} has missing values; choose other --columns")
        self.x, self.y = (_places(self.at[:, k]) for k in (0, 1))
        self.middle = _middle(inputs, [bool(texts) for texts in raw.texts])
        grid = np.tile(self.middle, (GRID * GRID, 1))
        grid[:, self.pair[0]] = np.tile(self.x, GRID)
        grid[:, self.pair[1]] = np.repeat(self.y, GRID)
        self.grid = self._encoded(scored.model, grid)
        self.part = scored.model.part(scored.split).part

    def draw(self, model: Trained, *details: str) -> Draw:
        """Return how to draw what a model says, with details for the heading after those of its spec."""
        heading = self.scored.origin.heading(model)
        heading = type(heading)(heading.name, [*heading.details[:3], *details])
        plane = Plane(self.x, self.y, self.names, self._lines(model))
        said = predict_rows(model, self.grid)
        if model.assembly.task == "regression":
            truth = np.asarray(self.scored.result.truth, np.float64)[self.chosen, 0]
            value = said.values[:, 0].astype(np.float64).reshape(GRID, GRID)
            return partial(draw_surface, plane, value, Points(self.at, truth), heading)
        margins, sure = _margins(model, said.values.astype(np.float64), probable=said.probabilities)
        labels = np.array(predict_rows(model, self.part.take(self.chosen).X).labels)
        names = self.scored.names
        truth = self.scored.truth[self.chosen]
        points = Points(self.at, truth, labels != np.array(names)[truth])
        shape = (GRID, GRID)
        return partial(draw_regions, plane, margins.reshape(*shape, -1), sure.reshape(shape), points, names, heading)

    def _encoded(self, model: Trained, rows: Array) -> Inputs:
        """Return rows as the source has them as the inputs of the network."""
        encoder, texts = model.transform.encoder, self.scored.raw.texts
        if encoder or texts:
            rows, texts = encoder.adapt(rows, texts)  # type: ignore[assignment]  # other columns of text
        return model.transform.apply(rows, texts, model.assembly.spec.train.dtype)

    def _lines(self, model: Trained) -> Sequence[tuple[float, float, float]]:
        """Return where each unit of the only hidden layer has z = 0: (w₁, w₂, b) in the units of the two inputs."""
        network = model.assembly.network
        first = network.layers[0]
        if len(network.sizes) != 3 or not isinstance(first, Dense) or first.width > MOST_LINES:
            return ()
        corners = np.tile(self.middle, (3, 1))
        corners[:, list(self.pair)] = [[self.x[0], self.y[0]], [self.x[-1], self.y[0]], [self.x[0], self.y[-1]]]
        p = network.params.values[0]
        z = np.asarray(self._encoded(model, corners)[:], np.float64) @ p.W.T + p.b
        w1 = (z[1] - z[0]) / (self.x[-1] - self.x[0])
        w2 = (z[2] - z[0]) / (self.y[-1] - self.y[0])
        b = z[0] - w1 * self.x[0] - w2 * self.y[0]
        return [(float(u), float(v), float(w)) for u, v, w in zip(w1, w2, b, strict=True)]


def _choose(names: Sequence[str], columns: str | None, of_texts: Sequence[bool]) -> tuple[int, int]:
    """Return the places of the two inputs; SpecError where they are not two numbers."""
    if columns is None:
        if len(names) != 2:
            numbers = [name for name, text in zip(names, of_texts, strict=True) if not text]
            example = ",".join(numbers[:2]) or "NAME,NAME"
            raise SpecError(
                f"boundary: the model has {len(names)} inputs; choose two with --columns, such as {example}"
            )
        return 0, 1
    wanted = [name.strip() for name in columns.split(",")]
    if len(wanted) != 2 or wanted[0] == wanted[1]:
        raise SpecError(f"--columns: must be two different names, NAME,NAME, got '{columns}'")
    for name in wanted:
        if name not in names:
            raise SpecError(f"--columns: no such input, got '{name}'{did_you_mean(name, names)}")
        if of_texts[names.index(name)]:
            raise SpecError(f"--columns: '{name}' holds texts; choose a column of numbers")
    return names.index(wanted[0]), names.index(wanted[1])


def _places(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    pad = MARGIN * (high - low) or 1.0
    return np.linspace(low - pad, high + pad, GRID)


def _middle(rows: Array, of_texts: Sequence[bool]) -> Array:
    """Return the mean of each column, of texts the most frequent one."""
    middle = np.nanmean(rows, axis=0)
    for k in np.flatnonzero(of_texts):
        there = rows[~np.isnan(rows[:, k]), k].astype(np.int64)
        middle[k] = np.bincount(there).argmax()
    return np.asarray(middle)


def _margins(model: Trained, values: Array, *, probable: bool) -> tuple[Array, Array]:
    """Return values that are largest for the class that is said (n, c), and how sure the model is, 0 … 1 (n,)."""
    loss, c = model.assembly.loss, len(model.assembly.facts.class_names)
    if model.assembly.network.n_out == 1:
        lead = values[:, -1] - float(loss.link(np.array([[loss.threshold]]))[0, 0])
        sure = 2 * np.abs(lead) if probable else np.ones(len(values))
        return np.stack([-lead, lead], axis=1), sure
    sure = (values.max(axis=1) - 1 / c) / (1 - 1 / c) if probable else np.ones(len(values))
    return values, sure
