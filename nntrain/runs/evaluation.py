"""Scores and predictions of a trained model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.ops.losses import Loss
from nntrain.runs.confusion import Confusion
from nntrain.runs.more_figures import choose_metrics, measure
from nntrain.runs.part_figures import figures_of, score_groups, target_names
from nntrain.runs.trained import Trained
from nntrain.train.evaluate import scores

if TYPE_CHECKING:
    from nntrain.data.known_part import WholeFile


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One row an input: ``labels`` for classes, else empty; ``values`` (n, c) under ``columns``.

    Values are probabilities of the classes, or their scores where the loss has no probabilities; or predicted numbers.
    For several labels ``decided`` (n, c) of 0 and 1 says which are given; values are then likewise.
    """

    labels: Sequence[str]
    columns: Sequence[str]
    values: Array
    probabilities: bool = False
    decided: Array | None = None


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
        chosen = {name: index for index, name in enumerate(facts.class_names)}
        decided = np.fromiter((chosen[label] for label in predictions.labels), np.int64, len(part))
        confusion = Confusion.of(part.y, decided, facts.class_names)
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


class PredictionStream:
    """The predictions for a file of inputs: iterate for some rows at a time; ``rows`` and ``notes`` are of those."""

    def __init__(self, model: Trained, inputs: Path) -> None:
        from nntrain.data.prediction_inputs import InputFile  # here, since training does without

        self.model, self.rows = model, 0
        data = model.assembly.spec.data
        self.file = InputFile(inputs, model.wanted, data.source, data.columns)

    def __iter__(self) -> Iterator[Predictions]:
        self.rows = 0
        for X in self.file:
            yield predict_rows(self.model, X)
            self.rows += len(X)

    @property
    def notes(self) -> Sequence[str]:
        """Lines worth telling the user about the file."""
        return self.file.notes


def predict(model: Trained, inputs: Path) -> PredictionStream:
    """Return the predictions for a file of features, made as they are asked for."""
    return PredictionStream(model, inputs)


def predict_rows(model: Trained, X: Inputs) -> Predictions:
    """Return the predictions for scaled inputs X (n, d)."""
    assembly, facts = model.assembly, model.assembly.facts
    z = scores(assembly.network, X)
    values = assembly.loss.link(z)
    if assembly.task == "reconstruction":
        names = facts.feature_names or [f"y{k}" for k in range(z.shape[1])]
        return Predictions((), names, model.transform.undo(values))
    if assembly.task == "multilabel":
        decided = (z > assembly.loss.threshold).astype(np.int64)
        return Predictions((), target_names(assembly), values, model.gives_probabilities, decided)
    if assembly.task == "regression":
        return Predictions((), target_names(assembly), model.targets.undo(values))
    if z.shape[1] == 1 and model.gives_probabilities:  # one output is the second class: the first has the rest
        values = np.hstack([1 - values, values])
    columns = facts.class_names if values.shape[1] > 1 else facts.class_names[1:]
    return Predictions(decide(z, assembly.loss, facts.class_names), columns, values, model.gives_probabilities)


def decide(scores: Array, loss: Loss, class_names: Sequence[str]) -> list[str]:
    """Return the class chosen for each row of scores (n, n_out)."""
    return [class_names[index] for index in loss.choose(scores)]
