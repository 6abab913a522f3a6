"""How a trained network stands beside the best constant prediction, and beside the nearest neighbours.

Knows nothing of files.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.describe.baseline import baseline
from nntrain.data.describe.neighbours import K, answers
from nntrain.ops.metrics import Accuracy, Metric, MetricSet, Rmse
from nntrain.runs.assembly import Assembly
from nntrain.train.evaluate import Evaluator, scores

KNOWN, ASKED, FEWEST = 5000, 500, 100  # rows that neighbours are sought among; rows asked about at most, and at least
ENOUGH = 30  # rows from which on the difference to the neighbours is judged
WORK = 2e10  # operations that the search may take
ORDER = ("validation", "test", "train")  # the first of these parts that is there shows whether anything was learned


def baselines(
    assembly: Assembly, parts: Mapping[str, Part], figures: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return ``answer``, the best constant in words, by part what it gets, and as ``model`` what the network gets.

    A part has accuracy for classes and labels, rmse for numbers. ``model`` is {"part", "metric", "value"} for the
    first of validation, test and training part; ``figures`` holds what is known of each part, the rest is measured.
    ``neighbours`` has what the 5 nearest training rows get, "k" of "rows", by part: the metric, that of the ``model``
    on the same rows, how many they are, "n", and 1 for "worse" where the model is so beyond chance.
    """
    targets = {name: part.array if assembly.task == "reconstruction" else part.y for name, part in parts.items()}
    found = baseline(assembly.task, targets, assembly.facts.class_names, assembly.metrics.unit)
    name = next(name for name in ORDER if name in parts)
    value = figures[name].get(found.figure)
    if value is None:
        value = _measure(Accuracy() if found.figure == "accuracy" else Rmse(), assembly, parts[name])
    least = {part: {found.figure: score} for part, score in found.scores.items()}
    near = {} if assembly.task == "reconstruction" else {"neighbours": _neighbours(assembly, parts, found.figure)}
    return {"answer": found.answer, **least, "model": {"part": name, "metric": found.figure, "value": value}, **near}


def _neighbours(assembly: Assembly, parts: Mapping[str, Part], figure: str) -> dict[str, Any]:
    """Return what the 5 nearest of some training rows get on some rows of the other parts, and the network on them.

    Of a run that has only a training part these are training rows, none being its own neighbour.
    """
    known = _evenly(parts["train"], KNOWN)
    scored = [name for name in ORDER if name in parts and name != "train"] or ["train"]
    most = max(FEWEST, min(ASKED, int(WORK / (2 * len(known) * known.X.shape[1]))))
    found: dict[str, dict[str, float]] = {}
    for name in scored:
        part = _evenly(parts[name], most)
        said = answers(known.array, known.y, part.array, assembly.task, own=name == "train")
        near, model = (_losses(values, part.y, figure) for values in (said, _said(assembly, part)))
        more = model - near  # of each row; the mean is beyond chance from about two standard errors on
        worse = len(more) >= ENOUGH and float(more.mean()) > 2 * float(more.std()) / len(more) ** 0.5
        score, own = (_figure(values, figure, assembly.metrics.unit) for values in (near, model))
        found[name] = {figure: score, "model": own, "n": len(part), "worse": int(worse)}
    return {"k": K, "rows": len(known), "parts": found}


def _said(assembly: Assembly, part: Part) -> Array:
    """Return what the network says of rows, as their targets are: class indices, labels or numbers."""
    z = scores(assembly.network, part.X)
    if assembly.task == "classification":
        return assembly.loss.choose(z)
    return z > assembly.loss.threshold if assembly.task == "multilabel" else assembly.loss.link(z)


def _losses(said: Array, y: Array, figure: str) -> Array:
    """Return of each row (n,) the share of what is wrong, or the squared error."""
    wrong = said.reshape(len(y), -1) - y.reshape(len(y), -1).astype(np.float64)
    return np.asarray(((wrong != 0) if figure == "accuracy" else np.square(wrong)).mean(axis=1))


def _figure(losses: Array, figure: str, unit: float) -> float:
    return float((1 - losses).mean()) if figure == "accuracy" else unit * float(losses.mean()) ** 0.5


def _evenly(part: Part, most: int) -> Part:
    """Return up to so many rows of a part, evenly chosen."""
    return part.take(choose_evenly(len(part), most))


def _measure(metric: Metric, assembly: Assembly, part: Part) -> float:
    """Return a metric of the network on a part."""
    only = MetricSet((metric,), assembly.task, assembly.metrics.unit)
    t, _ = assembly.targets(part)
    y = (
        assembly.network.loss.targets_of(t)
        if assembly.task == "reconstruction"
        else only.wanted(part.y, assembly.network.n_out)
    )
    return Evaluator(assembly.network, only, assembly.spec.penalty, part.X, t, y)()[metric.name]
