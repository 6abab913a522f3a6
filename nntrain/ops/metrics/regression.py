"""Metrics of predicted numbers. Knows nothing of how they are measured over epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.terms import Sums, Terms
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace, flat
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, Metric, ReadSums, WholeMetric


def variance_of(t: Array) -> float:
    """Return Σ(t − mean t)² / n of targets t (n, c), summed over the outputs."""
    deviation = t - t.mean(axis=0, dtype=np.float64)
    return float(np.vdot(deviation, deviation)) / len(t)


class _OfSquares(Metric):
    """What is made of Σ(a − t)², the sum over examples and outputs, with a the prediction."""

    tasks: ClassVar[Sequence[Task]] = ("regression", "reconstruction")
    shares: ClassVar[str] = "Σ(a − t)²"

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        return np.square(loss.link(z) - t).sum(axis=1)

    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSums:
        r, total = ws.like(z), ws.scalar()
        loss.predict(do, z, r)
        do(np.subtract, r, t, out=r)  # a − t
        do(flat(r).dot, flat(r), out=total)  # Σ (a − t)²
        return Sums((Terms(((1.0, total),)),))


@METRICS.register
@dataclass(frozen=True, slots=True)
class Rmse(_OfSquares):
    """Root mean squared error over examples and outputs, in the targets' own units."""

    kind: Literal["rmse"] = "rmse"
    formula: ClassVar[str] = "√(Σ(a − t)² / nc)"
    higher_is_better: ClassVar[bool] = False
    default: ClassVar[bool] = True
    in_target_units: ClassVar[bool] = True

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        return sqrt(sums[0] / (n * width))


@METRICS.register
@dataclass(frozen=True, slots=True)
class R2(_OfSquares):
    """Share of the targets' variance that is explained; NaN where the targets are constant."""

    kind: Literal["r2"] = "r2"
    formula: ClassVar[str] = "1 − Σ(a − t)² / Σ(t − mean t)²"
    higher_is_better: ClassVar[bool] = True
    default: ClassVar[bool] = True

    def spread(self, t: Array) -> float:
        return variance_of(t)

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        return 1 - sums[0] / n / spread if spread > 0 else float("nan")


@METRICS.register
@dataclass(frozen=True, slots=True)
class Mae(Metric):
    """Mean absolute error over examples and outputs, in the targets' own units."""

    kind: Literal["mae"] = "mae"
    formula: ClassVar[str] = "Σ|a − t| / nc"
    tasks: ClassVar[Sequence[Task]] = ("regression", "reconstruction")
    higher_is_better: ClassVar[bool] = False
    in_target_units: ClassVar[bool] = True

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        return np.abs(loss.link(z) - t).mean(axis=1)


@METRICS.register
@dataclass(frozen=True, slots=True)
class ExplainedVariance(Metric):
    """Share of the targets' variance that is explained when the mean error is not counted; NaN for constant targets."""

    kind: Literal["explained_variance"] = "explained_variance"
    formula: ClassVar[str] = "1 − Σ var(a − t) / Σ var t"
    tasks: ClassVar[Sequence[Task]] = ("regression", "reconstruction")
    higher_is_better: ClassVar[bool] = True

    def n_sums(self, width: int) -> int:
        return 2 * width

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        r = loss.link(z).astype(np.float64) - t
        return np.hstack([r, np.square(r)])

    def spread(self, t: Array) -> float:
        return variance_of(t)

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        mean, square = np.reshape(sums, (2, -1)) / n
        unexplained = float(np.sum(square - np.square(mean)))  # Σ_j (mean r² − (mean r)²)
        return 1 - unexplained / spread if spread > 0 else float("nan")


@METRICS.register
@dataclass(frozen=True, slots=True)
class MedianError(WholeMetric):
    """Median of the absolute errors, averaged over the outputs, in the targets' own units."""

    kind: Literal["median_error"] = "median_error"
    formula: ClassVar[str] = "mean_j median_i |a_ij − t_ij|"
    tasks: ClassVar[Sequence[Task]] = ("regression", "reconstruction")
    higher_is_better: ClassVar[bool] = False
    in_target_units: ClassVar[bool] = True

    def of(self, z: Array, t: Array, y: Array, loss: Loss) -> float:
        return float(np.median(np.abs(loss.link(z).astype(np.float64) - t), axis=0).mean())
