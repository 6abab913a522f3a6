"""Metrics of predicted probabilities, worked out in float64 from the scores. Knows nothing of decisions by cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.fields import Count
from nntrain.core.types import Array, Task
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, Metric, class_indices, is_multilabel

LEAST = float(np.finfo(np.float64).eps)  # probabilities nearer to 0 or 1 count as this far from them


def probabilities_of(z: Array, loss: Loss) -> Array:
    """Return the predictions for scores z (n, c) in float64; where the loss has no probabilities, the scores."""
    return np.asarray(loss.link(z.astype(np.float64)))


def of_classes(z: Array, loss: Loss) -> Array:
    """Return the probability of each class, (n, c) with c ≥ 2: one score is that of the second class."""
    p = probabilities_of(z, loss)
    return np.hstack([1 - p, p]) if p.shape[1] == 1 else p


class _OfProbabilities(Metric):
    tasks: ClassVar[Sequence[Task]] = ("classification", "multilabel")
    higher_is_better: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = True


@METRICS.register
@dataclass(frozen=True, slots=True)
class LogLoss(_OfProbabilities):
    """Mean negative logarithm of the probability of what is true, without class weights, smoothing and penalty.

    In multi-label data it is averaged over the labels.
    """

    kind: Literal["log_loss"] = "log_loss"
    formula: ClassVar[str] = "−mean_i log p_iy"

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        if is_multilabel(z, y):
            p = np.clip(probabilities_of(z, loss), LEAST, 1 - LEAST)
            return -np.where(y > 0, np.log(p), np.log1p(-p)).mean(axis=1)
        p = of_classes(z, loss)
        return -np.log(np.clip(p[np.arange(len(p)), class_indices(y)], LEAST, 1 - LEAST))


@METRICS.register
@dataclass(frozen=True, slots=True)
class Brier(_OfProbabilities):
    """Mean squared error of the probabilities (Brier 1950): of the second class if there are two, else summed over all.

    In multi-label data it is averaged over the labels.
    """

    kind: Literal["brier"] = "brier"
    formula: ClassVar[str] = "mean_i (p_i − y_i)²;  mean_i Σ_k (p_ik − [y_i = k])²"

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        if is_multilabel(z, y):
            return np.square(probabilities_of(z, loss) - (y > 0)).mean(axis=1)
        p = of_classes(z, loss)
        if p.shape[1] == 2:
            return np.square(p[:, 1] - class_indices(y))
        return np.square(p - np.eye(p.shape[1])[class_indices(y)]).sum(axis=1)


@METRICS.register
@dataclass(frozen=True, slots=True)
class Ece(_OfProbabilities):
    """Expected calibration error: how far confidence and accuracy are apart, in bins of confidence (Guo et al. 2017).

    The confidence is the probability of the class that is decided for. Bins are of equal width.
    """

    kind: Literal["ece"] = "ece"
    formula: ClassVar[str] = "Σ_bins |Σ right − Σ confidence| / n"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    bins: Count = 15

    def n_sums(self, width: int) -> int:
        return self.bins

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        p, decided = of_classes(z, loss), loss.choose(z)
        confidence = p[np.arange(len(p)), decided]
        place = np.clip(np.ceil(confidence * self.bins).astype(np.int64) - 1, 0, self.bins - 1)
        gaps = np.zeros((len(p), self.bins))
        gaps[np.arange(len(p)), place] = (decided == class_indices(y)) - confidence
        return gaps

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        return float(np.abs(sums).sum() / n)
