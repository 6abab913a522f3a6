"""Scores and predictions of a trained model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.runs.confusion import Confusion
from nntrain.runs.more_figures import choose_metrics, measure
from nntrain.runs.part_figures import figures_of, score_groups, target_names
from nntrain.runs.trained import Trained
from nntrain.train.evaluate import scores

if TYPE_CHECKING:
    from nntrain.data.known_part import WholeFile


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One row an input: ``values`` (n, c) under ``columns``; ``chosen`` (n,) indices of ``class_names`` for classes.

    Values are probabilities of the classes, or their scores where the loss has no probabilities; or predicted numbers.
    For several labels ``decided`` (n, c) of 0 and 1 says which are given; values are then likewise. ``scores`` (n, k)
    are what the last layer gives.
    """

    columns: Sequence[str]
    values: Array
    scores: Array
    probabilities: bool = False
    chosen: Array | None = None
    class_names: Sequence[str] = ()
    decided: Array | None = None

    @property
    def labels(self) -> Sequence[str]:
        """The name of the class of each row, () where none is chosen."""
        return () if self.chosen is None else [self.class_names[index] for index in self.chosen.tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Figures of one part; with classes also the confusion; what was predicted and what was true, row by row.

    ``truth`` holds class names, or numbers (n, k) otherwise; ``rows`` (n,) are the rows of the source, 0 the first.
    """

    figures: Mapping[str, Any]
    confusion: Confusion | None
    predictions: Predictions
    truth: Sequence[str] | Array
    rows: Array
    task: Task
    notes: Sequence[str] = ()


def evaluate(
    model: Trained,
    rows: "str | WholeFile",
    *,
    metrics: Sequence[str] = (),
    intervals: bool = False,
    by: str | None = None,
) -> Evaluation:
    """Score one part of the spec's data, or a file: {"split", "n", "cost", "accuracy", …} and what lies behind it.

    ``metrics`` are kinds to measure beside those of the spec, or ``all`` that fit; with ``intervals`` each metric has
    one. ``by`` is a column whose values are groups, which are scored apart as well. SpecError for a metric that there
    is not, or that does not fit.
    """
    facts = model.assembly.facts
    measured = choose_metrics(model.assembly, metrics)
    scored = model.part(rows, by) if isinstance(rows, str) else model.file(rows, by)
    part = scored.part
    predictions = predict_rows(model, part.X)
    truth: Sequence[str] | Array = scored.truth
    confusion = None
    if model.assembly.task == "classification":
        truth = [facts.class_names[index] for index in part.y]
        if predictions.chosen is not None:
            confusion = Confusion.of(part.y, predictions.chosen, facts.class_names)
    figures = {"split": scored.name, **figures_of(model.assembly, model.targets, part)}
    if metrics or intervals:
        figures |= measure(model.assembly, measured, part, intervals=intervals)
    if confusion is not None:
        figures |= {"classes": [score.as_dict() for score in confusion.scores], "confusion": confusion.counts.tolist()}
    if scored.groups is not None:
        shown = measured if metrics else model.assembly.metrics
        figures |= {"by": scored.groups.column, "groups": score_groups(model.assembly, shown, part, scored.groups)}
    figures |= {"checkpoint": str(model.path), "epoch": model.epoch}
    return Evaluation(figures, confusion, predictions, truth, part.rows, model.assembly.task, scored.notes)


def predict_rows(model: Trained, X: Inputs, threshold: float | None = None) -> Predictions:
    """Return the predictions for scaled inputs X (n, d).

    ``threshold`` is the probability above which a label is given, or the second of two classes chosen; by default the
    loss decides.
    """
    assembly, facts = model.assembly, model.assembly.facts
    z = scores(assembly.network, X)
    values, known = assembly.judge.link(z), model.gives_probabilities
    if assembly.task == "reconstruction":
        names = facts.feature_names or [f"y{k}" for k in range(z.shape[1])]
        return Predictions(names, model.transform.undo(values), z)
    if assembly.task == "multilabel":
        given = z > assembly.judge.threshold if threshold is None else values > threshold
        return Predictions(target_names(assembly), values, z, known, decided=given.astype(np.int64))
    if assembly.task == "regression":
        return Predictions(target_names(assembly), model.targets.undo(values), z)
    if z.shape[1] == 1 and known:  # one output is the second class: the first has the rest
        values = np.hstack([1 - values, values])
    columns = facts.class_names if values.shape[1] > 1 else facts.class_names[1:]
    chosen = assembly.judge.choose(z) if threshold is None else (values[:, -1] > threshold).astype(np.int64)
    return Predictions(columns, values, z, known, chosen, facts.class_names)
