"""A loss whose examples count unequally: each cost is multiplied by a weight, and so is its gradient.

The weights travel with the targets, as their last column. Knows nothing of where weights come from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.terms import Terms
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace, flat
from nntrain.ops.losses.base import BindGradient, Loss, ReadCost, Scale


@dataclass(frozen=True, slots=True)
class Weighted(Loss):
    """Σ w_i cost_i / n for scores z (n, c) and targets t (n, c + 1), whose last column are the weights w (n,).

    With weights of mean 1 over all n training examples this is Σ w_i cost_i / Σ w_i, and a batch of k examples, divided
    by k, estimates it without bias. The mathematics is that of ``loss``: its sums over the examples are products of two
    vectors, one of which is multiplied by the weights first.
    """

    loss: Loss

    @property
    def unweighted(self) -> Loss:
        return self.loss

    def targets_of(self, t: Array) -> Array:
        return t[:, :-1]

    def add_weights(self, t: Array, weights: Array | None) -> Array:
        column = np.ones(len(t)) if weights is None else weights
        out = np.empty((t.shape[1] + 1, len(t)), t.dtype).T  # column after column
        out[:, :-1], out[:, -1] = t, column
        return out

    @property
    def kind(self) -> str:
        """The kind of the loss that is weighted."""
        return str(getattr(self.loss, "kind", type(self.loss).__name__.lower()))

    @property
    def gives_probabilities(self) -> bool:
        return self.loss.gives_probabilities

    @property
    def threshold(self) -> float:  # type: ignore[override]  # of an instance here
        return self.loss.threshold

    @property
    def kinked(self) -> bool:  # type: ignore[override]
        return self.loss.kinked

    @property
    def smooth(self) -> bool:  # type: ignore[override]
        return self.loss.smooth

    @property
    def convex(self) -> bool:  # type: ignore[override]
        return self.loss.convex

    def width(self, n_classes: int, n_targets: int) -> int:
        return self.loss.width(n_classes, n_targets)

    def encode(self, y: Array, width: int, dtype: np.dtype[np.floating]) -> Array:
        return self.loss.encode(y, width, dtype)

    def link(self, z: Array) -> Array:
        return self.loss.link(z)

    def predict(self, do: Calls, z: Array, out: Array) -> None:
        self.loss.predict(do, z, out)

    def choose(self, z: Array) -> Array:
        return self.loss.choose(z)

    def cost(self, z: Array, t: Array) -> Array:
        return t[:, -1] * self.loss.cost(z, t[:, :-1])  # w_i cost_i

    def gradient(self, z: Array, t: Array) -> Array:
        return t[:, -1:] * self.loss.gradient(z, t[:, :-1])  # w_i ∂cost/∂z_i

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        targets, w = t[:, :-1], t[:, -1]
        sums = _WeightedSums(do, z, w, ws)
        read, bind_gradient = self.loss.bind(sums, z, targets, ws)
        if not (isinstance(read, Terms) and all(id(term) in sums.weighted for _, term in read.terms)):
            del do.calls[sums.first :]  # a cost that is not made of products of vectors
            return Loss.bind(self, do, z, t, ws)

        def gradient(do: Calls, scale: Scale) -> None:
            bind_gradient(do, scale)
            do(np.multiply, z, w[:, None], out=z)  # δ_i ← w_i δ_i

        return read, gradient


class _WeightedSums(Calls):
    """Records calls as they are, but Σ_i a_i b_i over examples, or over examples and outputs, as Σ_i w_i a_i b_i."""

    def __init__(self, do: Calls, z: Array, w: Array, ws: Workspace) -> None:
        super().__init__(do.plan, do.dtype, do.constants)
        self.calls, self.label, self.first = do.calls, do.label, len(do)
        self.weighted: set[int] = set()  # the sums that were recorded so
        self._z, self._w = z, w
        self._block, self._column = ws.like(z), ws.column()

    def __call__(self, function: Callable[..., Any], *args: Any, out: Array | None = None) -> None:
        """Record a call."""
        a = getattr(function, "__self__", None)
        if not (isinstance(a, np.ndarray) and getattr(function, "__name__", "") == "dot" and out is not None):
            super().__call__(function, *args, out=out)
            return
        self.weighted.add(id(out))
        if a.size == len(self._w):
            super().__call__(np.multiply, a, self._w, out=self._column)  # w_i a_i
            super().__call__(self._column.dot, *args, out=out)
            return
        rows, width = self._z.shape
        block = a.reshape(width, rows).T if self._block.strides[0] < self._block.strides[1] else a.reshape(rows, width)
        super().__call__(np.multiply, block, self._w[:, None], out=self._block)  # w_i a_ij
        super().__call__(flat(self._block).dot, *args, out=out)
