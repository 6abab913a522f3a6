"""Metrics of the order in which examples are put by their scores: of all at once. Knows nothing of decisions.

With two classes, and one score, the second class is the positive one. Of more classes each is held against the rest,
and the mean is taken over those that some but not all examples have; of labels likewise.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, WholeMetric, class_indices, is_multilabel
from nntrain.ops.metrics.probabilities import of_classes, probabilities_of


class _OfOrder(WholeMetric):
    tasks: ClassVar[Sequence[Task]] = ("classification", "multilabel")
    higher_is_better: ClassVar[bool] = True

    @abstractmethod
    def one(self, scores: Array, positive: Array) -> float:
        """Return the figure of scores (n,) for which of the examples are positive (n,) bool: some, but not all."""

    def of(self, z: Array, t: Array, y: Array, loss: Loss) -> float:
        scores, positive = _against_the_rest(z, y, loss)
        some = positive.any(axis=0) & ~positive.all(axis=0)
        found = [self.one(scores[:, k], positive[:, k]) for k in np.flatnonzero(some)]
        return float(np.mean(found)) if found else nan


@METRICS.register
@dataclass(frozen=True, slots=True)
class RocAuc(_OfOrder):
    """Probability that a positive example is scored above a negative one; equal scores count half (Hanley 1982)."""

    kind: Literal["roc_auc"] = "roc_auc"
    formula: ClassVar[str] = "(Σ rank of positives − p(p + 1)/2) / pq"

    def one(self, scores: Array, positive: Array) -> float:
        _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # the mean rank of equal scores
        p = int(positive.sum())
        return float((ranks[positive].sum() - p * (p + 1) / 2) / (p * (len(scores) - p)))


@METRICS.register
@dataclass(frozen=True, slots=True)
class AveragePrecision(_OfOrder):
    """Precision at each threshold, weighted by the gain in recall there; the area below precision and recall."""

    kind: Literal["average_precision"] = "average_precision"
    formula: ClassVar[str] = "Σ_j (R_j − R_{j−1}) P_j"

    def one(self, scores: Array, positive: Array) -> float:
        order = np.argsort(-scores, kind="stable")
        last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of each group of equal scores
        right = np.cumsum(positive[order])[last]
        return float(np.diff(right, prepend=0) @ (right / (last + 1)) / right[-1])  # Σ ΔTP / TP · precision


def _against_the_rest(z: Array, y: Array, loss: Loss) -> tuple[Array, Array]:
    """Return scores (n, k) and which examples are positive (n, k) bool, with one column for two classes."""
    if is_multilabel(z, y):
        return probabilities_of(z, loss), y > 0
    actual = class_indices(y)
    if z.shape[1] == 1:
        return z.astype(np.float64), actual[:, None] == 1
    scores = of_classes(z, loss) if loss.gives_probabilities else z.astype(np.float64)
    if scores.shape[1] == 2:
        margin = z[:, 1].astype(np.float64) - z[:, 0]  # in the order of the probabilities, but never rounded to 0 or 1
        return margin[:, None], actual[:, None] == 1
    return scores, actual[:, None] == np.arange(scores.shape[1])
