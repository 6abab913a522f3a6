"""Metrics of hits: which class, or which labels, is decided for. Knows nothing of how they are measured over epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core import fields
from nntrain.core.argmax import ArgMax
from nntrain.core.calls import Calls
from nntrain.core.terms import Count, Sums
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, Metric, ReadSums, class_indices


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
                do(ArgMax(rows), z, out=choice)
            else:
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
class TopK(Metric):
    """Share of examples whose true class is among the k with the largest scores; the first of equal scores wins."""

    kind: Literal["top_k"] = "top_k"
    formula: ClassVar[str] = "mean_i [y_i among the k largest of z_i]"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    higher_is_better: ClassVar[bool] = True
    k: fields.Count = 5

    @property
    def name(self) -> str:
        return f"top_{self.k}"

    def is_called(self, name: str) -> bool:
        return name.removeprefix("top_").isdecimal() and name.startswith("top_")

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        actual = class_indices(y)
        if z.shape[1] == 1:
            return (loss.choose(z) == actual) if self.k == 1 else np.ones(len(z), bool)
        own = z[np.arange(len(z)), actual][:, None]
        before = (z > own) | ((z == own) & (np.arange(z.shape[1]) < actual[:, None]))
        return before.sum(axis=1) < self.k
