"""Using what was trained: score a checkpoint on data, and predict from inputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.prediction_inputs import InputFile, WantedColumns
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.runs.assembly import decide
from nntrain.runs.confusion import Confusion
from nntrain.runs.trained import Trained
from nntrain.train.evaluate import scores


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One row an input: ``labels`` for classes, else empty; ``values`` (n, c) under ``columns``.

    Values are probabilities of the classes, or their scores where the loss has no probabilities; or predicted numbers.
    """

    labels: Sequence[str]
    columns: Sequence[str]
    values: Array
    probabilities: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Figures of one part; with classes also the confusion; what was predicted and what was true, row by row.

    ``truth`` holds class names, or numbers (n, k) in regression.
    """

    figures: Mapping[str, Any]
    confusion: Confusion | None
    predictions: Predictions
    truth: Sequence[str] | Array
    notes: Sequence[str] = ()


def evaluate(model: Trained, split: str) -> Evaluation:
    """Score one part of the spec's data: {"split", "n", "cost", "accuracy", …} and what lies behind it."""
    facts = model.assembly.facts
    part, notes = model.part(split)
    predictions = _predict_batch(model, part.X)
    truth: Sequence[str] | Array = model.targets.undo(part.y)
    confusion = None
    if model.assembly.task == "classification":
        truth = [facts.class_names[index] for index in part.y]
        chosen = {name: index for index, name in enumerate(facts.class_names)}
        decided = np.fromiter((chosen[label] for label in predictions.labels), np.int64, len(part))
        confusion = Confusion.of(part.y, decided, facts.class_names)
    figures = {"split": split, "n": len(part), **model.assembly.evaluator(part)()}
    if confusion is not None:
        figures |= {"classes": [score.as_dict() for score in confusion.scores], "confusion": confusion.counts.tolist()}
    figures |= {"checkpoint": str(model.path), "epoch": model.epoch}
    return Evaluation(figures, confusion, predictions, truth, notes)


class PredictionStream:
    """The predictions for a file of inputs: iterate for some rows at a time; ``rows`` and ``notes`` are of those."""

    def __init__(self, model: Trained, inputs: Path) -> None:
        facts, spec = model.assembly.facts, model.assembly.spec
        names = (facts.feature_names, facts.target_names)
        self.model, self.rows = model, 0
        self.file = InputFile(inputs, WantedColumns(facts.n_features, model.transform, spec.train.dtype, *names))

    def __iter__(self) -> Iterator[Predictions]:
        self.rows = 0
        for X in self.file:
            yield _predict_batch(self.model, X)
            self.rows += len(X)

    @property
    def notes(self) -> Sequence[str]:
        """Lines worth telling of what was read."""
        return self.file.notes


def predict(model: Trained, inputs: Path) -> PredictionStream:
    """Return the predictions for a file of features, made as they are asked for."""
    return PredictionStream(model, inputs)


def _predict_batch(model: Trained, X: Inputs) -> Predictions:
    """Return the predictions for scaled inputs X (n, d)."""
    assembly, facts = model.assembly, model.assembly.facts
    z = scores(assembly.network, X)
    values = assembly.loss.link(z)
    if assembly.task != "classification":
        reconstructs = assembly.task == "reconstruction"
        names = facts.feature_names if reconstructs else facts.target_names
        own = values if reconstructs else model.targets.undo(values)
        return Predictions((), names or [f"y{k}" for k in range(z.shape[1])], own)
    if z.shape[1] == 1 and model.gives_probabilities:  # one output is the second class: the first has the rest
        values = np.hstack([1 - values, values])
    columns = facts.class_names if values.shape[1] > 1 else facts.class_names[1:]
    return Predictions(decide(z, assembly.loss, facts.class_names), columns, values, model.gives_probabilities)
