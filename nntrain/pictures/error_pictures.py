"""The worst examples of a part of the data, as pictures where the inputs are pictures, else as rows of the source.

Knows nothing of how they are drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Raw
from nntrain.drawing.captions import number
from nntrain.drawing.sheet import Heading
from nntrain.drawing.style import Draw
from nntrain.drawing.worst_examples import Example, draw_pictures, draw_rows
from nntrain.errors import SpecError
from nntrain.pictures.image_shape import known_shape, to_planes
from nntrain.pictures.picture_options import Options
from nntrain.pictures.scored_part import ScoredExamples

COUNT = 25
MOST_COLUMNS = 9  # of a row that are shown


@dataclass(frozen=True, slots=True, eq=False)
class WorstExamples:
    """The worst examples, worst first, and in words which they are.

    Where inputs are pictures, ``pixels`` (n, d) are of a ``shape``; else ``cells`` are those of some ``columns``, and
    ``more`` says of how many.
    """

    examples: Sequence[Example]
    said: str
    pixels: Array | None = None
    shape: tuple[int, ...] = ()
    columns: Sequence[str] = ()
    cells: Sequence[Sequence[str]] = ()
    more: Sequence[str] = ()


def gather_errors(scored: ScoredExamples, options: Options) -> Draw:
    """Return how to draw the examples that a model is most wrong about."""
    scored.need("errors", "classification", "regression")
    return draw_of(find_worst(scored, options), scored.heading)


def draw_of(worst: WorstExamples, heading: Callable[..., Heading]) -> Draw:
    """Return how to draw the worst examples; ``heading`` takes what it is to say beside the score."""
    shown = heading(worst.said, *worst.more)
    if worst.pixels is not None:
        return partial(draw_pictures, worst.pixels, worst.shape, worst.examples, shown)
    return partial(draw_rows, worst.cells, worst.columns, worst.examples, shown)


def find_worst(scored: ScoredExamples, options: Options) -> WorstExamples:
    """Return the examples that a model is most wrong about. SpecError where there are none at all."""
    count = COUNT if options.count is None else options.count
    classes = scored.task == "classification"
    chosen, examples, said = _worst_classes(scored, count) if classes else _worst_numbers(scored, count)
    raw, inputs = scored.raw, scored.raw_rows(chosen)
    shape = known_shape(options.shape, raw.image_shape, inputs.shape[1])
    if shape is not None:
        pixels = to_planes(inputs, raw.image_shape if options.shape is None else None, shape)
        return WorstExamples(examples, said, pixels, shape)
    names = list(raw.feature_names) or [f"x{k + 1}" for k in range(inputs.shape[1])]
    shown = names[:MOST_COLUMNS]
    cells = [[_cell(raw, k, value) for k, value in enumerate(row[: len(shown)])] for row in inputs]
    more = [f"the first {len(shown)} of {len(names):,} columns"] if len(names) > len(shown) else []
    return WorstExamples(examples, said, columns=shown, cells=cells, more=more)


def _cell(raw: Raw, column: int, value: float) -> str:
    if value != value:
        return "–"
    texts = raw.texts[column] if raw.texts else ()
    return texts[int(value)] if texts else number(float(value), 5)


def _worst_classes(scored: ScoredExamples, count: int) -> tuple[Array, list[Example], str]:
    """Return the wrong examples that gave the truth least, worst first; where none is wrong, the least sure ones."""
    predicted = scored.result.predictions
    values, truth, said = predicted.values.astype(np.float64), scored.truth, scored.said
    if values.shape[1] == 1:  # the score of the second class: that of the first is its opposite
        values = np.hstack([-values, values])
    rows = np.arange(len(truth))
    of_truth, of_said = values[rows, truth], values[rows, said]
    wrong = np.flatnonzero(said != truth)
    if len(wrong):
        badness = -of_truth if predicted.probabilities else of_said - of_truth
        chosen = wrong[np.argsort(-badness[wrong], kind="stable")][:count]
        what = f"the {len(chosen)} worst of {len(wrong):,} errors" if len(wrong) > len(chosen) else "all errors"
    else:
        others = values.copy()
        others[rows, said] = -np.inf
        chosen = np.argsort(of_said - others.max(axis=1), kind="stable")[:count]
        what = f"none is wrong: the {len(chosen)} least sure"

    def given(value: float) -> str:
        if not predicted.probabilities:
            return number(value, 3)
        return f"{value:.2f}" if value >= 0.005 else "<0.01"

    examples = [
        Example(
            int(scored.result.rows[k]),
            scored.names[truth[k]],
            scored.names[said[k]],
            given(float(of_truth[k])),
            given(float(of_said[k])),
        )
        for k in chosen
    ]
    return chosen, examples, what


def _worst_numbers(scored: ScoredExamples, count: int) -> tuple[Array, list[Example], str]:
    """Return the examples with the largest errors; of several targets that which is the furthest off, by its spread."""
    truth = np.asarray(scored.result.truth, np.float64)
    predicted = scored.result.predictions.values.astype(np.float64)
    spread = truth.std(axis=0)
    errors = np.abs(predicted - truth) / np.where(spread > 0, spread, 1)
    target = errors.argmax(axis=1)
    chosen = np.argsort(-errors.max(axis=1), kind="stable")[:count]
    names, several = scored.result.predictions.columns, truth.shape[1] > 1
    examples = []
    for k in chosen:
        name = f"{names[target[k]]} " if several else ""
        told = (f"{name}{number(float(values[k, target[k]]))}" for values in (truth, predicted))
        examples.append(Example(int(scored.result.rows[k]), *told))
    if not len(chosen):
        raise SpecError("errors: there are no examples in this part")
    return chosen, examples, f"the {len(chosen)} largest errors of {len(truth):,}"
