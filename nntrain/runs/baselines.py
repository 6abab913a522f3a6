"""How a trained network stands beside the best constant prediction, and the word on one that is no better.

Knows nothing of files.
"""

from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any

from nntrain.data.dataset import Part
from nntrain.data.describe.baseline import baseline
from nntrain.ops.metrics import Accuracy, Metric, MetricSet, Rmse
from nntrain.runs.assembly import Assembly
from nntrain.train.evaluate import Evaluator

FAR = 100.0  # a training cost of this many times the lowest deserves a word
CLOSE = 1e-6  # figures that differ by less than this share are the same
ORDER = ("validation", "test", "train")  # the first of these parts that is there shows whether anything was learned


def baselines(
    assembly: Assembly, parts: Mapping[str, Part], figures: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return ``answer``, the best constant in words, by part what it gets, and as ``model`` what the network gets.

    A part has accuracy for classes and labels, rmse for numbers. ``model`` is {"part", "metric", "value"} for the
    first of validation, test and training part; ``figures`` holds what is known of each part, the rest is measured.
    """
    targets = {name: part.array if assembly.task == "reconstruction" else part.y for name, part in parts.items()}
    found = baseline(assembly.task, targets, assembly.facts.class_names, assembly.metrics.unit)
    name = next(name for name in ORDER if name in parts)
    value = figures[name].get(found.figure)
    if value is None:
        value = _measure(Accuracy() if found.figure == "accuracy" else Rmse(), assembly, parts[name])
    scores = {part: {found.figure: score} for part, score in found.scores.items()}
    return {"answer": found.answer, **scores, "model": {"part": name, "metric": found.figure, "value": value}}


def warn_at_chance(summary: Mapping[str, Any], records: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """Return a line when the model of a summary is no better than a constant, nothing where that is not known.

    It names the epoch with the highest training cost where that is far above the lowest.
    """
    found = summary.get("baselines")
    if not found:
        return []
    part, metric, value = (found["model"][name] for name in ("part", "metric", "value"))
    least = found.get(part, {}).get(metric)
    if least is None:
        return []
    better = value is not None and (value > least if metric == "accuracy" else value < least)
    if better and not isclose(value, least, rel_tol=CLOSE):
        return []
    got = "not a number" if value is None else f"{value:.4g}"
    line = f"{part}: {metric} {got} is no better than {found['answer']} ({least:.4g})"
    return [f"{line}{_rise(records)}; another optimizer.lr, scale or model may learn more"]


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


def _rise(records: Sequence[Mapping[str, Any]]) -> str:
    costs = [record["train"]["cost"] for record in records]
    top = max(range(len(costs)), key=costs.__getitem__, default=0)
    if not costs or costs[top] <= FAR * min(costs):
        return ""
    return f"; the training cost was {costs[top]:,.4g} in epoch {records[top]['epoch']}"
