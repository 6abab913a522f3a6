"""Metrics beside the cost: accuracy where there are classes, RMSE and R² where there are numbers.

A metric adds up one number over batches and turns the sum into figures at the end.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.registry import Registry
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace, flat
from nntrain.ops.losses import Loss

ReadSum = Callable[[], float]


class Metric(ABC):
    """A number summed over examples, and the figures made of it."""

    formula: ClassVar[str] = ""
    tasks: ClassVar[Sequence[Task]] = ()

    def wanted(self, y: Array, width: int) -> Array:
        """Return targets y in the form that is compared fastest with decisions on ``width`` scores."""
        return y

    @abstractmethod
    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSum:
        """Record the sum over a batch of scores z and targets t (n, c); z is left alone.

        y is as the source gave it, or from ``wanted``.
        """

    def measured_in(self, unit: float) -> "Metric":
        """Return the metric for targets whose 1 stands for ``unit``."""
        return self

    def spread(self, t: Array) -> float:
        """Return what the figures need to know of all targets t (N, c) of a part."""
        return 0.0

    @abstractmethod
    def figures(self, total: float, n: int, width: int, spread: float) -> Mapping[str, float]:
        """Return the figures by name, for the sum over n examples with ``width`` outputs each."""


METRICS: Registry[Metric] = Registry("metrics", "metric")


@METRICS.register
@dataclass(frozen=True, slots=True)
class Accuracy(Metric):
    """Share of right decisions; the first of equal scores wins; in multi-label data every label counts."""

    kind: Literal["accuracy"] = "accuracy"
    formula: ClassVar[str] = "mean_i [argmax_j z_ij = y_i]"
    tasks: ClassVar[Sequence[Task]] = ("classification", "multilabel")

    def wanted(self, y: Array, width: int) -> Array:
        if y.ndim == 1 and width > 1:
            return y  # class indices
        return np.asarray(y.reshape(len(y), -1) > 0, order="F")

    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSum:
        if y.ndim == 1 and z.shape[1] > 1:
            choice, hit = ws.column(np.intp), ws.column(np.bool_)
            if ws.plan.column_major(z.shape[1]):  # argmax along rows would make this copy anew in every step
                rows = ws.vector(ws.capacity * z.shape[1])[: z.size].reshape(z.shape)
                do(np.copyto, rows, z)
                z = rows
            do(z.argmax, 1, choice)
            do(np.equal, choice, y, out=hit)
            return lambda: float(np.count_nonzero(hit))
        chosen, wanted = ws.block(z.shape[1], np.bool_), y
        if y.dtype != np.bool_:
            wanted = ws.block(z.shape[1], np.bool_)
            do(np.greater, y if y.ndim == 2 else y[:, None], 0, out=wanted)
        do(np.greater, z, loss.threshold, out=chosen)
        do(np.equal, chosen, wanted, out=chosen)
        return lambda: int(np.count_nonzero(chosen)) / z.shape[1]

    def figures(self, total: float, n: int, width: int, spread: float) -> Mapping[str, float]:
        return {"accuracy": total / n}


@METRICS.register
@dataclass(frozen=True, slots=True)
class SquaredError(Metric):
    """Root mean squared error over examples and outputs, and the share of the targets' variance explained.

    ``unit`` is what 1 stands for in targets that were scaled: the error is told in the targets' own units.
    """

    kind: Literal["rmse_r2"] = "rmse_r2"
    unit: float = 1.0
    formula: ClassVar[str] = "rmse = √(Σ(a − t)² / nc),  r2 = 1 − Σ(a − t)² / Σ(t − mean t)²"
    tasks: ClassVar[Sequence[Task]] = ("regression", "reconstruction")

    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSum:
        r, total = ws.like(z), ws.scalar()
        loss.predict(do, z, r)
        do(np.subtract, r, t, out=r)
        do(flat(r).dot, flat(r), out=total)  # Σ (a − t)²
        return total.item

    def measured_in(self, unit: float) -> Metric:
        return replace(self, unit=unit)

    def spread(self, t: Array) -> float:
        deviation = t - t.mean(axis=0, dtype=np.float64)
        return float(np.vdot(deviation, deviation)) / len(t)

    def figures(self, total: float, n: int, width: int, spread: float) -> Mapping[str, float]:
        r2 = 1 - total / n / spread if spread > 0 else float("nan")  # constant targets: nothing to explain
        return {"rmse": self.unit * sqrt(total / (n * width)), "r2": r2}


def metric_for(task: Task, unit: float = 1.0) -> Metric:
    """Return the metric that belongs to a task, for targets whose 1 stands for ``unit``."""
    return next(entry() for entry in METRICS.values() if task in entry.tasks).measured_in(unit)
