"""Costs of counts: the Poisson likelihood. Knows nothing of layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.terms import Terms
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace, flat
from nntrain.ops.losses.base import LOSSES, BindGradient, PerOutput, ReadCost, Scale


@LOSSES.register
@dataclass(frozen=True, slots=True)
class Poisson(PerOutput):
    """Exponential output with the Poisson likelihood of counts, averaged over examples and outputs.

    The term log t! of the likelihood, which no parameter changes, is left out (Nelder & Wedderburn 1972).
    """

    kind: Literal["poisson"] = "poisson"
    formula: ClassVar[str] = "mean_ij exp(z_ij) − t_ij z_ij"
    tasks: ClassVar[Sequence[Task]] = ("regression",)

    def target_problem(self, y: Array) -> str | None:
        low = y.min() if y.size else 0
        return f"must be counts, at least 0, got {low:g}" if low < 0 else None

    def link(self, z: Array) -> Array:
        return np.exp(z)

    def predict(self, do: Calls, z: Array, out: Array) -> None:
        do(np.exp, z, out=out)

    def cost(self, z: Array, t: Array) -> Array:
        return self.over_outputs(np.exp(z) - t * z)

    def gradient(self, z: Array, t: Array) -> Array:
        return (np.exp(z) - t) / self.divisor(z)

    def expression(self, width: int) -> str:
        return self.outputs_of("exp(z) - t * z", width)

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        ones, picked, total = ws.vector(ws.capacity * z.shape[1])[: z.size], ws.scalar(), ws.scalar()
        ones[:] = 1

        do(flat(z).dot, flat(t), out=picked)  # Σ t z
        do(np.exp, z, out=z)
        do(ones.dot, flat(z), out=total)  # Σ e^z

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.subtract, z, t, out=z)  # δ = e^z − t
            do(np.multiply, z, scale(1 / self.divisor(z)), out=z)

        return Terms(((1.0, total), (-1.0, picked)), self.divisor(z)), gradient
