"""Metrics of decisions: which class, or which labels. Knows nothing of how they are measured over epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.terms import Count, Sums
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, Metric, ReadSums


@METRICS.register
@dataclass(frozen=True, slots=True)
class Accuracy(Metric):
    """Share of right decisions; the first of equal scores wins; in multi-label data every label counts."""

    kind: Literal["accuracy"] = "accuracy"
    formula: ClassVar[str] = "mean_i [argmax_j z_ij = y_i]"
    tasks: ClassVar[Sequence[Task]] = ("classification", "multilabel")
    higher_is_better: ClassVar[bool] = True
    default: ClassVar[bool] = True

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        if y.ndim == 1 and z.shape[1] > 1:
            return loss.choose(z) == y
        return ((z > loss.threshold) == (y.reshape(z.shape) > 0)).mean(axis=1)

    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSums:
        if y.ndim == 1 and z.shape[1] > 1:
            choice, hit = ws.column(np.intp), ws.column(np.bool_)
            if ws.plan.column_major(z.shape[1]):  # argmax along rows would make this copy anew in every step
                rows = ws.vector(ws.capacity * z.shape[1])[: z.size].reshape(z.shape)
                do(np.copyto, rows, z)
                z = rows
            do(z.argmax, 1, choice)
            do(np.equal, choice, y, out=hit)
            return Sums((Count(hit),))
        chosen, wanted = ws.block(z.shape[1], np.bool_), y
        if y.dtype != np.bool_:
            wanted = ws.block(z.shape[1], np.bool_)
            do(np.greater, y if y.ndim == 2 else y[:, None], 0, out=wanted)
        do(np.greater, z, loss.threshold, out=chosen)
        do(np.equal, chosen, wanted, out=chosen)
        return Sums((Count(chosen, z.shape[1]),))


@METRICS.register
@dataclass(frozen=True, slots=True)
class MacroF1(Metric):
    """Harmonic mean of precision and recall of each class, averaged over the classes that occur (van Rijsbergen 1979).

    A class occurs when it is the truth or the decision for some example. Small classes count as much as large ones.
    """

    kind: Literal["macro_f1"] = "macro_f1"
    formula: ClassVar[str] = "mean_k 2 TP_k / (decided_k + actual_k)"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    higher_is_better: ClassVar[bool] = True

    def n_sums(self, width: int) -> int:
        return 3 * max(2, width)

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        classes = np.arange(max(2, z.shape[1]))
        decided, actual = loss.choose(z)[:, None] == classes, y.reshape(-1, 1) == classes
        return np.hstack([decided & actual, decided, actual])

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        right, decided, actual = np.reshape(sums, (3, -1))
        either = decided + actual
        return float(np.mean(2 * right[either > 0] / either[either > 0]))
