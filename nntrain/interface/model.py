"""A trained model in Python: arrays in, arrays out. Knows nothing of terminals."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.given_inputs import GivenInputs
from nntrain.data.tables.labels import match_undotted, match_unpadded
from nntrain.data.text import choices, quoted
from nntrain.errors import DataError, SpecError
from nntrain.interface.plain_spec import Overrides
from nntrain.runs.evaluation import Predictions, evaluate, predict_rows
from nntrain.runs.layer_outputs import layer_outputs
from nntrain.runs.part_figures import score_targets
from nntrain.runs.threads import keep_threads
from nntrain.runs.trained import Trained, open_model
from nntrain.spec import resolve


class Model:
    """A trained model. Inputs X go through the encoder and the scaler of training, predictions come in target units.

    X is an array (n, d) of features, images (n, …) are flattened; or a table: a DataFrame, a mapping from names to
    columns, or an array of objects. The columns of a table are found by their names if the model has names; texts and
    missing values are treated as in training. DataError for what does not fit. ``notes`` are lines worth reading, those
    of the last inputs among them: texts that training never saw, columns that are not used.
    """

    def __init__(self, trained: Trained) -> None:
        self._trained = trained
        self.notes: tuple[str, ...] = trained.notes

    def __repr__(self) -> str:
        facts, epoch = self._trained.assembly.facts, self._trained.epoch
        out = f"{len(self.classes)} classes" if self.classes else f"{facts.n_targets} targets"
        return f"Model({str(self.path)!r}, {self.task}, {facts.n_features} features, {out}, epoch {epoch})"

    @property
    def path(self) -> Path:
        """The checkpoint that the weights come from."""
        return self._trained.path

    @property
    def task(self) -> Task:
        """classification, multilabel, regression or reconstruction."""
        return self._trained.assembly.task

    @property
    def spec(self) -> dict[str, Any]:
        """The complete spec, as plain values."""
        return resolve(self._trained.assembly.spec)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the columns of ``predict_proba``; () unless it decides classes."""
        return self._trained.assembly.facts.class_names if self.task == "classification" else ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns that it takes, () if they have none."""
        return tuple(self._trained.wanted.columns)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of the columns that it predicts, () if they have none."""
        return self._trained.assembly.facts.target_names

    @property
    def parameters(self) -> dict[str, Array]:
        """A copy of each tensor by its name: ``layers.0.W`` (out, in), ``layers.0.b`` (out,), …"""
        params = self._trained.assembly.network.params
        return {name: view.copy() for name, view in params.named(params.theta)}

    def predict(self, X: Any) -> Array:
        """Return the class name of each row (n,); or numbers (n,), (n, k) for k targets; or 0 and 1 for k labels."""
        predicted = self._predictions(X)
        if self.task == "classification":
            return np.array(predicted.labels, dtype=np.str_)
        values = predicted.values if predicted.decided is None else predicted.decided
        return values[:, 0] if self.task == "regression" and values.shape[1] == 1 else values

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class (n, c), in the order of ``classes``, or of each label (n, k).

        Raises SpecError for a model whose loss gives no probabilities.
        """
        self._trained.need_probabilities("predict_proba")
        return self._predictions(X).values

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy, or for numbers R², the mean over the targets, as scikit-learn's estimators do.

        y are class names or the numbers that stand for them (n,), numbers (n,) or (n, k), or labels 0 and 1 (n, k), of
        which all of a row must be right.
        """
        if self.task == "reconstruction":
            raise SpecError("score: an autoencoder predicts no target; evaluate() has its cost")
        predicted = self.predict(X)
        if self.task == "classification":
            return float((predicted == self._class_names(y, len(predicted))).mean())
        actual = np.asarray(y, np.float64)
        if actual.size != predicted.size or len(actual) != len(predicted):
            raise DataError(f"y: shape {predicted.shape} is expected, got {actual.shape}")
        if not np.isfinite(actual).all():
            raise DataError("y: holds values that are no finite numbers")
        actual, predicted = actual.reshape(len(actual), -1), predicted.reshape(len(actual), -1)
        if self.task == "multilabel":
            return float((predicted == (actual > 0)).all(axis=1).mean())
        names = [str(k) for k in range(actual.shape[1])]
        scores = score_targets(actual, predicted.astype(np.float64), names)
        return float(np.mean([score.r2 for score in scores]))

    def evaluate(self, part: str = "test") -> dict[str, Any]:
        """Return what ``nntrain eval`` says of a part of the data: ``n``, ``cost``, ``accuracy``, ``classes``, …"""
        with keep_threads():
            result = evaluate(self._trained, part)
        self.notes = (*self._trained.notes, *result.notes)
        return dict(result.figures)

    def transform(self, X: Any, layer: str = "") -> Array:
        """Return the outputs (n, width) of a layer: ``hidden.0``, … or ``output``; by default the last hidden layer.

        ``output`` are the scores before softmax or another output unit. SpecError for a layer that there is not.
        """
        return layer_outputs(self._trained.assembly.network, self._inputs(X), layer)

    def _predictions(self, X: Any) -> Predictions:
        return predict_rows(self._trained, self._inputs(X))

    def _inputs(self, X: Any) -> Array:
        source = self._trained.assembly.spec.data.source
        given = GivenInputs(self._trained.wanted, getattr(source, "words", None))
        inputs = given.read(X)
        self.notes = (*self._trained.notes, *given.notes)
        return inputs

    def _class_names(self, y: Any, n: int) -> Array:
        """Return y (n,) as names of the model's classes; DataError for one that training never saw."""
        values = np.asarray(y)
        if values.shape not in ((n,), (n, 1)):
            raise DataError(f"y: shape ({n},) is expected, got {values.shape}")
        distinct, codes = np.unique(_texts_of(values.reshape(-1)), return_inverse=True)
        known = self.classes
        names = match_undotted(match_unpadded([str(name) for name in distinct], known), known)
        for name in names:
            if name not in known:
                raise DataError(f"y: class {quoted(name)} never occurs in training{choices(name, known)}")
        return np.array(names, np.str_)[codes]


def load(path: "str | PathLike[str]", overrides: Overrides = None) -> Model:
    """Return the model of a run directory, its best, or of a checkpoint file. CheckpointError if it cannot serve.

    ``overrides`` may change the data block alone, such as ``{"data.source.path": "new.csv"}`` for ``evaluate``.
    """
    with keep_threads():
        trained = open_model(Path(path), _texts(overrides), decided=True)
    return Model(trained)


def _texts(overrides: Overrides) -> Sequence[str]:
    """Return overrides as the command line writes them."""
    if not isinstance(overrides, Mapping):
        return overrides or ()
    from nntrain.spec.emit import inline

    return [f"{key}={inline(str(value) if isinstance(value, PathLike) else value)}" for key, value in overrides.items()]


def _texts_of(values: Array) -> Array:
    """Return class labels as texts: 1, 1.0 and True are all "1"."""
    if values.dtype.kind in "US":
        return values.astype(np.str_)
    plain = [int(v) if isinstance(v, bool) or (isinstance(v, float) and v.is_integer()) else v for v in values.tolist()]
    return np.array([str(value) for value in plain], np.str_)
