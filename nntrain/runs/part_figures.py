"""The figures of a trained network on a part: those of the metric, and those of each target or label.

Knows nothing of checkpoints and of where the data come from.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.ops.metrics import MetricSet
from nntrain.runs.assembly import Assembly
from nntrain.runs.confusion import ClassScore
from nntrain.train.evaluate import Evaluator, scores

if TYPE_CHECKING:
    from nntrain.data.sources.whole_file import Groups


@dataclass(frozen=True, slots=True)
class TargetScore:
    """One target of a regression: root mean squared, mean and median absolute error, all in its own units; R², and
    the share of its variance that is explained when the mean error is not counted. Both are NaN where it never varies.
    """

    name: str
    rmse: float
    mae: float
    median_error: float
    r2: float
    explained_variance: float

    @classmethod
    def of(cls, name: str, actual: Array, predicted: Array) -> "TargetScore":
        """Return the figures of true and predicted numbers (n,)."""
        r = predicted - actual
        error, variance = np.square(r).mean(), actual.var()
        r2, explained = ((1 - e / variance if variance > 0 else np.nan) for e in (error, r.var()))
        sizes = np.abs(r)
        return cls(name, *map(float, (np.sqrt(error), sizes.mean(), np.median(sizes), r2, explained)))


def figures_of(assembly: Assembly, targets: TargetScaler, part: Part) -> dict[str, Any]:
    """Return ``n``, ``cost`` and the metric's figures; of several targets also ``targets``, of labels ``labels``."""
    figures: dict[str, Any] = {"n": len(part), **assembly.evaluator(part)()}
    names = target_names(assembly)
    if assembly.task == "regression" and len(names) > 1:
        predicted = targets.undo(assembly.loss.link(scores(assembly.network, part.X)).astype(np.float64))
        actual = targets.undo(part.y.astype(np.float64))
        figures["targets"] = [asdict(score) for score in score_targets(actual, predicted, names)]
    elif assembly.task == "multilabel":
        decided = scores(assembly.network, part.X) > assembly.loss.threshold
        figures["exact_match"] = float((decided == (part.y > 0)).all(axis=1).mean())
        figures["labels"] = [score.as_dict() for score in score_labels(part.y > 0, decided, names)]
    return figures


def score_groups(assembly: Assembly, metrics: MetricSet, part: Part, groups: "Groups") -> list[dict[str, Any]]:
    """Return ``name``, ``n``, ``cost`` and the figures of these metrics for the rows of each group.

    A figure that needs what a group lacks, such as a second class, is NaN.
    """
    found: list[dict[str, Any]] = []
    for code, name in enumerate(groups.names):
        rows = part.take(np.flatnonzero(groups.codes == code))
        t, y = assembly.targets(rows)
        evaluator = Evaluator(assembly.network, metrics, assembly.spec.penalty, rows.X, t, y)
        found.append({"name": name, "n": len(rows), **evaluator()})
    return found


def target_names(assembly: Assembly) -> Sequence[str]:
    """Return the name of each target or label, y0, y1, … where they have none."""
    return assembly.facts.target_names or [f"y{k}" for k in range(assembly.facts.n_targets)]


def score_targets(actual: Array, predicted: Array, names: Sequence[str]) -> list[TargetScore]:
    """Return the figures of each target from true and predicted numbers (n, k)."""
    columns = zip(names, actual.T, predicted.T, strict=True)
    return [TargetScore.of(name, a, p) for name, a, p in columns]


def score_labels(actual: Array, decided: Array, names: Sequence[str]) -> list[ClassScore]:
    """Return the figures of each label from true and decided ones (n, k) bool."""
    right, given, there = ((a & b).sum(axis=0) for a, b in ((actual, decided), (decided, decided), (actual, actual)))
    return [
        ClassScore.of(name, int(r), int(g), int(s)) for name, r, g, s in zip(names, right, given, there, strict=True)
    ]
