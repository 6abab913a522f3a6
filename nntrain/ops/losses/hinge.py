"""Margin losses of support vector machines. Knows nothing of layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.terms import Terms
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace, flat
from nntrain.ops.losses.base import LOSSES, BindGradient, Loss, PerOutput, ReadCost, Scale


@LOSSES.register
@dataclass(frozen=True, slots=True)
class Hinge(Loss):
    """Multiclass hinge with margin 1 (Weston & Watkins 1999): summed over the wrong classes, averaged over examples."""

    kind: Literal["hinge"] = "hinge"
    formula: ClassVar[str] = "mean_i Σ_{j≠y} max(0, 1 + z_ij − z_iy)"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    kinked: ClassVar[bool] = True
    smooth: ClassVar[bool] = False

    def cost(self, z: Array, t: Array) -> Array:
        return self._margins(z, t).sum(axis=1)

    def gradient(self, z: Array, t: Array) -> Array:
        active = np.where(self._margins(z, t) > 0, 1, 0).astype(z.dtype)
        return (active - t * active.sum(axis=1, keepdims=True)) / len(z)

    def _margins(self, z: Array, t: Array) -> Array:
        correct = (t * z).sum(axis=1, keepdims=True)
        return np.maximum(0, (1 - t) * (1 + z - correct))

    def expression(self, width: int) -> str:
        return "sum(relu((1 - t) * (1 + z - dot(t, z))))"

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        n, s, row, classes = len(z), ws.like(z), ws.column(), np.ones(z.shape[1], z.dtype)
        ones, total = ws.vector(ws.capacity * z.shape[1])[: z.size], ws.scalar()
        ones[:] = 1

        do(np.multiply, z, t, out=s)
        do.sum_rows(s, classes, out=row)  # z_y
        do(np.subtract, z, row[:, None], out=z)
        do(np.add, z, 1.0, out=z)
        do(np.subtract, z, t, out=z)  # 1 + z_j − z_y, and 0 at j = y
        do(np.maximum, z, 0.0, out=z)
        do(ones.dot, flat(z), out=total)  # Σ margins

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.sign, z, out=z)  # 1 where the margin is violated
            do.sum_rows(z, classes, out=row)
            do(np.multiply, t, row[:, None], out=s)
            do(np.subtract, z, s, out=z)  # and −(number of violations) at j = y
            do(np.multiply, z, scale(1 / n), out=z)

        return Terms(((1.0, total),), n), gradient


@LOSSES.register
@dataclass(frozen=True, slots=True)
class CrammerSinger(Loss):
    """Multiclass hinge of the worst wrong class alone (Crammer & Singer 2001), averaged over examples.

    Where several are equally bad, they share the gradient.
    """

    kind: Literal["crammer_singer"] = "crammer_singer"
    formula: ClassVar[str] = "mean_i max(0, 1 + max_{j≠y} z_ij − z_iy)"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    kinked: ClassVar[bool] = True
    smooth: ClassVar[bool] = False

    def cost(self, z: Array, t: Array) -> Array:
        return self._margins(z, t).max(axis=1)

    def gradient(self, z: Array, t: Array) -> Array:
        margins = self._margins(z, t)
        worst = (margins == margins.max(axis=1, keepdims=True)).astype(z.dtype)
        return (worst / worst.sum(axis=1, keepdims=True) - t) / len(z)

    def _margins(self, z: Array, t: Array) -> Array:
        correct = (t * z).sum(axis=1, keepdims=True)
        return (1 - t) * (z - correct + 1)  # 0 at j = y

    def expression(self, width: int) -> str:
        pieces = ", ".join(f"part(z + 1 - t, {j}, {width})" for j in range(1, width + 1))
        return f"sum(max({pieces})) - dot(t, z)"

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        n, s, row, classes = len(z), ws.like(z), ws.column(), np.ones(z.shape[1], z.dtype)
        top, ones, total = ws.column(), ws.column(), ws.scalar()
        ones[:] = 1

        do(np.multiply, z, t, out=s)
        do.sum_rows(s, classes, out=row)  # z_y
        do(np.subtract, z, row[:, None], out=z)
        do(np.add, z, 1.0, out=z)
        do(np.subtract, z, t, out=z)  # 1 + z_j − z_y, and 0 at j = y
        do(np.maximum.reduce, z, 1, None, top)  # max_j
        do(ones.dot, top, out=total)

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.equal, z, top[:, None], out=z)  # 1 at the worst
            do.sum_rows(z, classes, out=row)
            do(np.divide, z, row[:, None], out=z)
            do(np.subtract, z, t, out=z)
            do(np.multiply, z, scale(1 / n), out=z)

        return Terms(((1.0, total),), n), gradient


class _SignTargets(PerOutput):
    """Losses with targets −1 and 1: two classes are one output, several are one against the rest."""

    tasks: ClassVar[Sequence[Task]] = ("classification", "multilabel")
    kinked: ClassVar[bool] = True

    def width(self, n_classes: int, n_targets: int) -> int:
        return 1 if n_classes == 2 else n_classes or n_targets

    def encode(self, y: Array, width: int, dtype: np.dtype[np.floating]) -> Array:
        return 2 * Loss.encode(self, y, width, dtype) - 1


@LOSSES.register
@dataclass(frozen=True, slots=True)
class BinaryHinge(_SignTargets):
    """Hinge for two classes, targets −1 and 1 (Cortes & Vapnik 1995), averaged over examples and outputs."""

    kind: Literal["binary_hinge"] = "binary_hinge"
    formula: ClassVar[str] = "mean_i max(0, 1 − t_i z_i), t ∈ {−1, 1}"
    smooth: ClassVar[bool] = False

    def cost(self, z: Array, t: Array) -> Array:
        return self.over_outputs(np.maximum(0, 1 - t * z))

    def gradient(self, z: Array, t: Array) -> Array:
        return np.where(t * z < 1, -t, 0).astype(z.dtype) / self.divisor(z)

    def expression(self, width: int) -> str:
        return self.outputs_of("relu(1 - t * z)", width)

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        ones, total = ws.vector(ws.capacity * z.shape[1])[: z.size], ws.scalar()
        ones[:] = 1

        do(np.multiply, z, t, out=z)
        do(np.subtract, 1.0, z, out=z)
        do(np.maximum, z, 0.0, out=z)  # max(0, 1 − t z)
        do(ones.dot, flat(z), out=total)

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.sign, z, out=z)  # 1 where the margin is violated
            do(np.multiply, z, t, out=z)
            do(np.multiply, z, scale(-1 / self.divisor(z)), out=z)  # −t / n

        return Terms(((1.0, total),), self.divisor(z)), gradient


@LOSSES.register
@dataclass(frozen=True, slots=True)
class SquaredHinge(_SignTargets):
    """Square of the binary hinge, the cost of ``LinearSVC`` (Fan et al. 2008), averaged over examples and outputs."""

    kind: Literal["squared_hinge"] = "squared_hinge"
    formula: ClassVar[str] = "mean_i max(0, 1 − t_i z_i)², t ∈ {−1, 1}"

    def cost(self, z: Array, t: Array) -> Array:
        return self.over_outputs(np.maximum(0, 1 - t * z) ** 2)

    def gradient(self, z: Array, t: Array) -> Array:
        return -2 * t * np.maximum(0, 1 - t * z) / self.divisor(z)

    def expression(self, width: int) -> str:
        return self.outputs_of("relu(1 - t * z) ** 2", width)

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        total = ws.scalar()

        do(np.multiply, z, t, out=z)
        do(np.subtract, 1.0, z, out=z)
        do(np.maximum, z, 0.0, out=z)  # m = max(0, 1 − t z)
        do(flat(z).dot, flat(z), out=total)  # Σ m²

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.multiply, z, t, out=z)
            do(np.multiply, z, scale(-2 / self.divisor(z)), out=z)  # −2 t m / n

        return Terms(((1.0, total),), self.divisor(z)), gradient
