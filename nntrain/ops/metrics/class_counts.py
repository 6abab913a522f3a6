"""Metrics of how often each class is decided for, and how often rightly. Knows nothing of probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, Metric, class_indices


class Counts(NamedTuple):
    """Of each class that occurs (c,): how often it is decided for rightly, how often at all, how often it is true.

    A class occurs when it is the truth or the decision for some example.
    """

    right: Array
    decided: Array
    actual: Array

    @classmethod
    def of(cls, sums: Sequence[float]) -> "Counts":
        """Return the counts for the sums over some examples."""
        right, decided, actual = np.reshape(np.asarray(sums, np.float64), (3, -1))
        there = decided + actual > 0
        return cls(right[there], decided[there], actual[there])

    @property
    def f1(self) -> Array:
        """The harmonic mean of precision and recall of each class (van Rijsbergen 1979)."""
        return 2 * self.right / (self.decided + self.actual)  # 2 TP / (decided + actual)


class _OfCounts(Metric):
    """What is made of the counts of each class."""

    shares: ClassVar[str] = "counts of each class"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    higher_is_better: ClassVar[bool] = True

    def n_sums(self, width: int) -> int:
        return 3 * max(2, width)

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        classes = np.arange(max(2, z.shape[1]))
        decided, actual = loss.choose(z)[:, None] == classes, class_indices(y)[:, None] == classes
        return np.hstack([decided & actual, decided, actual])


@METRICS.register
@dataclass(frozen=True, slots=True)
class MacroF1(_OfCounts):
    """F1 of each class that occurs, averaged: small classes count as much as large ones."""

    kind: Literal["macro_f1"] = "macro_f1"
    formula: ClassVar[str] = "mean_k 2 TP_k / (decided_k + actual_k)"

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        return float(Counts.of(sums).f1.mean())


@METRICS.register
@dataclass(frozen=True, slots=True)
class WeightedF1(_OfCounts):
    """F1 of each class, weighted by how often the class is true."""

    kind: Literal["weighted_f1"] = "weighted_f1"
    formula: ClassVar[str] = "Σ_k actual_k F1_k / n"

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        counts = Counts.of(sums)
        return float(counts.f1 @ counts.actual / counts.actual.sum())


@METRICS.register
@dataclass(frozen=True, slots=True)
class MicroF1(_OfCounts):
    """F1 of the counts of all classes together; where each example has one class, this is the accuracy."""

    kind: Literal["micro_f1"] = "micro_f1"
    formula: ClassVar[str] = "2 Σ TP_k / Σ (decided_k + actual_k)"

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        counts = Counts.of(sums)
        return float(2 * counts.right.sum() / (counts.decided + counts.actual).sum())


@METRICS.register
@dataclass(frozen=True, slots=True)
class BalancedAccuracy(_OfCounts):
    """Recall of each class that is true somewhere, averaged (Brodersen et al. 2010)."""

    kind: Literal["balanced_accuracy"] = "balanced_accuracy"
    formula: ClassVar[str] = "mean_k TP_k / actual_k"

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        right, _, actual = Counts.of(sums)
        return float(np.mean(right[actual > 0] / actual[actual > 0]))


@METRICS.register
@dataclass(frozen=True, slots=True)
class Mcc(_OfCounts):
    """Matthews' correlation of truth and decision, for any number of classes (Gorodkin 2004); 0 if one is constant."""

    kind: Literal["mcc"] = "mcc"
    formula: ClassVar[str] = "(n Σ TP − Σ d a) / √((n² − Σ d²)(n² − Σ a²))"

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        right, d, a = Counts.of(sums)
        covariance = n * right.sum() - d @ a  # n Σ TP − Σ d a
        size = sqrt((n * n - d @ d) * (n * n - a @ a))  # √((n² − Σ d²)(n² − Σ a²))
        return float(covariance / size) if size else 0.0


@METRICS.register
@dataclass(frozen=True, slots=True)
class Kappa(_OfCounts):
    """How much more often truth and decision agree than by chance (Cohen 1960); NaN where both are one class."""

    kind: Literal["kappa"] = "kappa"
    formula: ClassVar[str] = "(p − e) / (1 − e), p = Σ TP / n, e = Σ d a / n²"

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        right, d, a = Counts.of(sums)
        agreed, chance = float(right.sum()) / n, float(d @ a) / (n * n)
        return (agreed - chance) / (1 - chance) if chance < 1 else nan
