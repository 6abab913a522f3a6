"""The base class of planted bugs, which are common mistakes in backpropagation, and their registry.

A bug wraps layers, loss or penalty and changes the gradients that they return; training never uses it. The same class
recognises its mistake in a wrong gradient of any origin. Knows nothing of specs or files.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.params import Shape
from nntrain.core.registry import Registry
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace
from nntrain.gradcheck.numeric import Comparison, Report
from nntrain.network import Network
from nntrain.ops.layers import Backward, Context, Layer
from nntrain.ops.losses import BindGradient, Loss, ReadCost, Weighted
from nntrain.ops.losses.base import Scale
from nntrain.ops.penalties import Penalty


@dataclass(frozen=True, slots=True, eq=False)
class Evidence(Comparison):
    """The gradient of one tensor of one part, computed while the parts above it are right."""

    part: Layer | Loss | Penalty
    tensor: str  # a parameter's name, or x, scores, w
    analytic: Array  # the whole gradient, in the tensor's shape
    report: Report
    rows: int  # examples
    given: Array  # the gradient from above (n, n_out) for a layer, the targets (n, c) for a loss

    def matches(self, numeric: Array) -> bool:
        """Return whether ``numeric``, in the shape of the tensor, equals the derivative where that was computed."""
        guess, size = numeric.reshape(-1)[self.at], np.max(np.abs(self.numeric), initial=0.0)
        return bool(self.at.size) and bool(np.all(np.abs(guess - self.numeric) <= 1e-6 * size))


class Bug(ABC):
    """A mistake in backpropagation. ``needs`` says what a spec must have for the mistake to change a gradient."""

    formula: ClassVar[str] = ""
    needs: ClassVar[str] = ""

    def layer(self, layer: Layer) -> Layer:
        """Return the layer with the mistake in it, or the same one if it is not affected."""
        return layer

    def loss(self, loss: Loss) -> Loss:
        """Return the loss with the mistake in it, or the same one if it is not affected."""
        return loss

    def penalty(self, penalty: Penalty) -> Penalty:
        """Return the penalty with the mistake in it, or the same one if it is not affected."""
        return penalty

    @abstractmethod
    def seen_in(self, found: Evidence) -> str | None:
        """Return how the gradient shows this mistake, or None if it does not."""


BUGS: Registry[Bug] = Registry("bugs", "bug")


def plant_bug(bug: Bug, network: Network) -> Network:
    """Return a network with equal parameters and the bug in its layers and its loss."""
    layers = [bug.layer(layer) for layer in network.layers]
    loss = network.loss
    wrong = Weighted(bug.loss(loss.unweighted)) if isinstance(loss, Weighted) else bug.loss(loss)
    copy = Network(layers, wrong, n_in=network.n_in, dtype="float64", plan=network.plan)
    copy.params.theta[:] = network.params.theta
    return copy


# Records calls that change the results of a layer's backward pass, given ∂L/∂output, ∂L/∂input and the gradients.
Spoil = Callable[[Calls, Array, Array, SimpleNamespace], None]


class SpoiltLayer(Layer):
    """Another layer with something wrong in its backward pass."""

    def __init__(self, layer: Layer, spoil: Spoil) -> None:
        self.layer, self.spoil = layer, spoil

    def n_out(self, n_in: int) -> int:
        """Return that of the layer."""
        return self.layer.n_out(n_in)

    def shapes(self, n_in: int) -> Mapping[str, Shape]:
        """Return that of the layer."""
        return self.layer.shapes(n_in)

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        """Record the calls of the layer, and those that change its gradients after its backward pass."""
        h, right = self.layer.bind(do, x, p, g, ctx)

        def backward(do: Calls, d: Array) -> Array:
            before = np.empty_like(d)
            do(np.copyto, before, d)  # a layer may overwrite what it is given
            dx = right(do, d)
            self.spoil(do, before, dx, g)
            return dx

        return h, backward


# Records calls that write ∂cost/∂scores over z, given those of the loss, and copies of the scores and targets.
Gradient = Callable[[Calls, Scale, BindGradient, Array, Array, Array], None]


class SpoiltLoss(Loss):
    """Another loss with something wrong in its gradient."""

    def __init__(self, loss: Loss, record: Gradient) -> None:
        self.inner, self.record = loss, record

    def cost(self, z: Array, t: Array) -> Array:
        """Return that of the loss."""
        return self.inner.cost(z, t)

    def gradient(self, z: Array, t: Array) -> Array:
        """Return that of the loss."""
        return self.inner.gradient(z, t)

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        """Record the calls of the loss, and those of the wrong gradient."""
        scores: Array = np.empty_like(z)
        do(np.copyto, scores, z)
        read, right = self.inner.bind(do, z, t, ws)
        return read, lambda do, scale: self.record(do, scale, right, z, scores, t)


def scale_loss(loss: Loss, factor: Callable[[Array], float]) -> Loss:
    """Return the loss with its gradient multiplied by a number that depends on the scores (n, c)."""

    def record(do: Calls, scale: Scale, right: BindGradient, z: Array, *_: Any) -> None:
        right(do, scale)
        do(np.multiply, z, factor(z), out=z)

    return SpoiltLoss(loss, record)
