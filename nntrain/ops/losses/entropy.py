"""Cross-entropies: softmax for one of several classes, sigmoid for yes or no. Knows nothing of layers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Lt

from nntrain.core.calls import Calls
from nntrain.core.fields import Real
from nntrain.core.terms import Terms
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace, flat
from nntrain.ops.losses.base import LOSSES, BindGradient, Loss, PerOutput, ReadCost, Scale
from nntrain.ops.losses.class_weights import ClassWeights, find_problem, listed, weights_of
from nntrain.ops.stable import sigmoid, sigmoid_of, softplus, softplus_of


@LOSSES.register
@dataclass(frozen=True, slots=True)
class SoftmaxCrossEntropy(Loss):
    """Softmax output with cross-entropy (categorical likelihood), averaged over examples.

    With ``class_weights`` w an example of class y counts w_y times (the sum is still divided by n): a list in the order
    of the classes, weights by name, where others count 1, or ``balanced``, n / (c n_y). With ``label_smoothing`` s the
    target is (1 − s) one-hot + s/c.
    """

    kind: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"
    formula: ClassVar[str] = "mean_i log Σ_j exp(z_ij) − z_iy"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    class_weights: ClassWeights | None = None
    label_smoothing: Annotated[Real, Ge(0), Lt(1)] = 0.0

    def problem(self, class_names: Sequence[str]) -> tuple[str, str] | None:
        return find_problem(self.class_weights, class_names)

    def settle(self, class_names: Sequence[str], class_rows: Sequence[float]) -> Loss:
        return replace(self, class_weights=weights_of(self.class_weights, class_names, class_rows))

    def encode(self, y: Array, width: int, dtype: np.dtype[np.floating]) -> Array:
        t = Loss.encode(self, y, width, dtype)
        if self.label_smoothing:
            t *= 1 - self.label_smoothing
            t += self.label_smoothing / width
        if self.class_weights is not None:
            t *= np.asarray(listed(self.class_weights), dtype)[y][:, None]
        return t

    def link(self, z: Array) -> Array:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def cost(self, z: Array, t: Array) -> Array:
        z = z - z.max(axis=1, keepdims=True)
        return t.sum(axis=1) * np.log(np.exp(z).sum(axis=1)) - (t * z).sum(axis=1)

    def gradient(self, z: Array, t: Array) -> Array:
        return (t.sum(axis=1, keepdims=True) * self.link(z) - t) / len(z)

    def expression(self, width: int) -> str:
        weight = "" if self.class_weights is None else "sum(t) * "
        return f"{weight}logsumexp(z) - dot(t, z)"

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        n, weighted = len(z), self.class_weights is not None
        top, total, logs = ws.column(), ws.column(), ws.column()
        weights, ones = ws.column(), np.ones(z.shape[1], z.dtype)
        weights[:] = 1
        log_sum, picked = ws.scalar(), ws.scalar()

        do(np.maximum.reduce, z, 1, None, top)
        do(np.subtract, z, top[:, None], out=z)  # z − max z
        do(flat(z).dot, flat(t), out=picked)  # Σ t z
        do(np.exp, z, out=z)
        do.sum_rows(z, ones, out=total)  # Σ_j e^z_j
        do(np.log, total, out=logs)
        if weighted:
            do.sum_rows(t, ones, out=weights)
        do(weights.dot, logs, out=log_sum)  # Σ_i w_i log Σ_j e^z_ij

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.divide, weights if weighted else 1.0, total, out=total)
            do(np.multiply, z, total[:, None], out=z)  # w softmax(z)
            do(np.subtract, z, t, out=z)  # δ = w softmax(z) − t
            do(np.multiply, z, scale(1 / n), out=z)

        return Terms(((1.0, log_sum), (-1.0, picked)), n), gradient


@LOSSES.register
@dataclass(frozen=True, slots=True)
class SigmoidCrossEntropy(PerOutput):
    """Sigmoid output with cross-entropy (Bernoulli likelihood), averaged over examples and outputs.

    One output for two classes, one for each class of several (one against the rest), one for each label in multi-label
    data. ``class_weights`` (w₀, w₁) count the costs of targets 0 and 1; for two classes also by name, or ``balanced``.
    ``label_smoothing`` s moves targets to (1 − s) t + s/2.
    """

    kind: Literal["sigmoid_cross_entropy"] = "sigmoid_cross_entropy"
    formula: ClassVar[str] = "mean_ij log(1 + exp(z_ij)) − t_ij z_ij"
    tasks: ClassVar[Sequence[Task]] = ("classification", "multilabel", "reconstruction")
    class_weights: ClassWeights | None = None
    label_smoothing: Annotated[Real, Ge(0), Lt(1)] = 0.0

    def problem(self, class_names: Sequence[str]) -> tuple[str, str] | None:
        given = self.class_weights
        if isinstance(given, tuple):  # of targets 0 and 1, whatever the classes
            return None if len(given) == 2 else ("class_weights", f"targets 0 and 1 need 2 weights, got {len(given)}")
        if given is not None and len(class_names) != 2:
            return "class_weights", "targets are 0 and 1, one against the rest; give a list of their two weights"
        return find_problem(given, class_names)

    def settle(self, class_names: Sequence[str], class_rows: Sequence[float]) -> Loss:
        if isinstance(self.class_weights, tuple):
            return self
        return replace(self, class_weights=weights_of(self.class_weights, class_names, class_rows))

    @property
    def _pair(self) -> Sequence[float]:
        return (1.0, 1.0) if self.class_weights is None else listed(self.class_weights)

    def width(self, n_classes: int, n_targets: int) -> int:
        return 1 if n_classes == 2 else n_classes or n_targets

    def encode(self, y: Array, width: int, dtype: np.dtype[np.floating]) -> Array:
        t = Loss.encode(self, y, width, dtype)
        if self.label_smoothing:
            t = t * (1 - self.label_smoothing) + self.label_smoothing / 2
        return t

    def link(self, z: Array) -> Array:
        return sigmoid_of(z)

    def predict(self, do: Calls, z: Array, out: Array) -> None:
        sigmoid(do, z, out=out)

    def cost(self, z: Array, t: Array) -> Array:
        w0, w1 = self._pair
        return self.over_outputs(w1 * t * softplus_of(-z) + w0 * (1 - t) * softplus_of(z))

    def gradient(self, z: Array, t: Array) -> Array:
        w0, w1 = self._pair
        return ((w0 + (w1 - w0) * t) * sigmoid_of(z) - w1 * t) / self.divisor(z)

    def expression(self, width: int) -> str:
        if self.class_weights is None:
            return self.outputs_of("softplus(z) - t * z", width)
        w0, w1 = self._pair
        return self.outputs_of(f"{w1!r} * t * softplus(-z) + {w0!r} * (1 - t) * softplus(z)", width)

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        w0, w1 = self._pair
        s, plus, u = ws.like(z), ws.like(z), ws.like(z)
        u[:] = 1
        total, picked = ws.scalar(), ws.scalar()

        do(flat(z).dot, flat(t), out=picked)  # Σ t z
        softplus(do, z, s, out=plus)
        if self.class_weights is not None:
            do(np.multiply, t, w1 - w0, out=u)
            do(np.add, u, w0, out=u)  # u = w₁ where t = 1, w₀ where t = 0
        do(flat(u).dot, flat(plus), out=total)  # Σ u log(1 + e^z)

        def gradient(do: Calls, scale: Scale) -> None:
            do(np.subtract, z, plus, out=z)
            do(np.exp, z, out=z)  # σ(z) = e^(z − log(1 + e^z))
            if self.class_weights is not None:
                do(np.multiply, z, u, out=z)
                do(np.multiply, t, w1, out=s)
                do(np.subtract, z, s, out=z)
            else:
                do(np.subtract, z, t, out=z)  # δ = σ(z) − t
            do(np.multiply, z, scale(1 / self.divisor(z)), out=z)

        return Terms(((1.0, total), (-w1, picked)), self.divisor(z)), gradient
