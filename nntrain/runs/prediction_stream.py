"""The predictions for a file of inputs, some rows at a time, as columns. Knows nothing of how they are written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts.row_files import Column, Labels, Rows
from nntrain.core.types import Array
from nntrain.data.kept_columns import KeptColumns
from nntrain.data.prediction_inputs import InputFile
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.errors import DataError, SpecError
from nntrain.runs.evaluation import Predictions, predict_rows
from nntrain.runs.layer_outputs import network_to
from nntrain.runs.trained import Trained
from nntrain.train.evaluate import scores


@dataclass(frozen=True, slots=True)
class Answer:
    """What is asked of each row beside what is predicted.

    ``keep`` are columns of the input; ``top`` so many classes, the best first; ``proba`` and ``scores`` all values;
    ``layer`` the outputs of that layer in place of predictions; ``threshold`` the probability that decides; ``chunk``
    how many rows are worked on at a time.
    """

    keep: Sequence[str] = ()
    top: int | None = None
    proba: bool = False
    scores: bool = False
    layer: str | None = None
    threshold: float | None = None
    chunk: int | None = None

    def check(self, model: Trained) -> None:
        """Raise SpecError where a model cannot give what is asked."""
        kind, task = getattr(model.assembly.loss, "kind", "loss"), model.assembly.task
        classes = len(model.assembly.facts.class_names)
        for name, value in (("--proba", self.proba), ("--threshold", self.threshold)):
            if value not in (None, False):
                model.need_probabilities(name)
        if self.threshold is not None and task == "classification" and classes != 2:
            raise SpecError(f"--threshold: decides between two classes or gives labels, the model has {classes}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise SpecError(f"--threshold: is a probability, from 0 to 1, got {self.threshold:g}")
        if self.top is not None and task != "classification":
            raise SpecError(f"--top: is for models of classes, the task is {task}")
        if self.top is not None and not 1 <= self.top <= classes:
            raise SpecError(f"--top: the model has {classes} classes, got {self.top}")
        if (
            self.top is not None
            and classes == 2
            and not model.gives_probabilities
            and model.assembly.network.n_out == 1
        ):
            raise SpecError(f"--top: a model trained with {kind} gives one score for two classes")
        if self.chunk is not None and self.chunk < 1:
            raise SpecError(f"--chunk: at least 1 row, got {self.chunk}")
        asked = {"--top": self.top, "--proba": self.proba, "--scores": self.scores, "--threshold": self.threshold}
        other = next((name for name, value in asked.items() if value not in (None, False)), None)
        if self.layer is not None and other is not None:
            raise SpecError(f"--layer {self.layer}: gives the outputs of a layer, not predictions; leave out {other}")


class PredictionStream:
    """The columns of the answer for a file: iterate for some rows at a time; ``rows`` and ``notes`` are of those."""

    def __init__(self, model: Trained, inputs: Path, answer: Answer = Answer()) -> None:  # it is frozen
        answer.check(model)
        data = model.assembly.spec.data
        self.model, self.answer, self.rows = model, answer, 0
        wanted = replace(model.wanted, aside=answer.keep)
        self.file = InputFile(inputs, wanted, data.source, data.columns)
        self._kept = KeptColumns(inputs, answer.keep, data.source, model.wanted) if answer.keep else None
        self._layer = None if answer.layer is None else network_to(model.assembly.network, answer.layer)

    def __iter__(self) -> Iterator[Rows]:
        self.rows = 0
        if self._kept is not None:
            self._kept.begin()
        for X in self._chunks():
            own = self._columns(X)
            kept: dict[str, Column] = {}
            if self._kept is not None:
                kept = dict(zip(self._kept.names, self._kept.take(len(X)), strict=True))
                twice = next((name for name in kept if name in own), None)
                if twice is not None:
                    raise DataError(f"{self.file.path}: --keep: the answer has a column {twice!r} of its own")
            yield {**kept, **own}
            self.rows += len(X)

    @property
    def notes(self) -> Sequence[str]:
        """Lines worth telling the user about the file."""
        return self.file.notes

    def _chunks(self) -> Iterator[Inputs]:
        """Yield the inputs, so many rows at a time as are asked for."""
        if self.answer.chunk is None:
            yield from self.file
            return
        n, waiting, count = self.answer.chunk, list[Array](), 0
        for X in self.file:
            waiting.append(X[:])
            count += len(X)
            while count >= n:
                whole = waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
                yield whole[:n]
                waiting, count = [whole[n:]], count - n
        if count:
            yield np.concatenate(waiting)

    def _columns(self, X: Inputs) -> dict[str, Column]:
        if self._layer is not None:
            outputs = scores(self._layer, X)
            return {f"{self.answer.layer}.{k}": outputs[:, k] for k in range(outputs.shape[1])}
        return columns_of(predict_rows(self.model, X, self.answer.threshold), self.answer)


def columns_of(predicted: Predictions, answer: Answer) -> dict[str, Column]:
    """Return predictions as columns: what is decided or predicted, then what more is asked for."""
    columns: dict[str, Column] = {}
    if predicted.chosen is not None:
        columns["prediction"] = Labels(predicted.class_names, predicted.chosen)
    else:
        values = predicted.values if predicted.decided is None else predicted.decided
        columns.update(_named("{}", predicted.columns, values))
    what = "p" if predicted.probabilities else "score"
    if answer.top is not None:
        best = np.argsort(-predicted.values, axis=1, kind="stable")[:, : answer.top]
        for k in range(answer.top):
            columns[f"top{k + 1}"] = Labels(predicted.columns, best[:, k])
            columns[f"{what}(top{k + 1})"] = np.take_along_axis(predicted.values, best[:, k : k + 1], 1)[:, 0]
    if answer.proba:
        columns.update(_named("p({})", predicted.columns, predicted.values))
    if answer.scores:
        names = predicted.columns[-predicted.scores.shape[1] :]  # one score of two classes is the second's
        columns.update(_named("score({})", names, predicted.scores))
    return columns


def _named(form: str, names: Sequence[str], values: Array) -> dict[str, Any]:
    return {form.format(name): values[:, k] for k, name in enumerate(names)}
