"""The bugs that can be planted, with how to recognise them, specific ones first. Knows nothing of specs or files."""

from dataclasses import dataclass, fields
from functools import partial
from types import SimpleNamespace
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.gradcheck.bugs.base import BUGS, Bug, Evidence, SpoiltLayer, SpoiltLoss, scale_loss
from nntrain.gradcheck.stages import INPUTS
from nntrain.ops.activations import Activation
from nntrain.ops.layers import Dense, Dropout, Layer
from nntrain.ops.losses import BinaryHinge, BindGradient, Hinge, Loss, Mse, SigmoidMse, SoftmaxCrossEntropy
from nntrain.ops.losses.base import Scale
from nntrain.ops.penalties import Penalty

__all__ = ["BUGS", "Bug", "Evidence"]


@BUGS.register
@dataclass(frozen=True, slots=True)
class NoMean(Bug):
    """The cost is a mean over m examples, its gradient a sum: the 1/m is missing."""

    kind: Literal["no_mean"] = "no_mean"
    formula: ClassVar[str] = "∂J/∂z = Σ_i …  instead of  1/m Σ_i …"
    needs: ClassVar[str] = "two examples or more"

    def loss(self, loss: Loss) -> Loss:
        return scale_loss(loss, lambda z: float(len(z)))

    def seen_in(self, found: Evidence) -> str | None:
        if found.rows > 1 and isinstance(found.part, Loss) and found.is_ratio(found.rows):
            return f"every entry is {found.rows} times too large, and there are {found.rows} examples: 1/m is missing"
        return None


@BUGS.register
@dataclass(frozen=True, slots=True)
class NoTarget(Bug):
    """The softmax gradient without the −1 at the true class."""

    kind: Literal["no_target"] = "no_target"
    formula: ClassVar[str] = "∂J/∂z = p/m  instead of  (p − t)/m"
    needs: ClassVar[str] = "the loss softmax_cross_entropy"

    def loss(self, loss: Loss) -> Loss:
        return SpoiltLoss(loss, self._record) if isinstance(loss, SoftmaxCrossEntropy) else loss

    def _record(self, do: Calls, scale: Scale, right: BindGradient, z: Array, scores: Array, t: Array) -> None:
        right(do, scale)
        part = scale(1 / len(t))
        do(lambda: np.add(z, t * part, out=z))

    def seen_in(self, found: Evidence) -> str | None:
        if not isinstance(found.part, SoftmaxCrossEntropy):
            return None
        if found.matches(found.analytic - found.given / found.rows):
            return "analytic − numeric is t/m: the −1 at the true class is missing from (p − t)/m"
        return None


@BUGS.register
@dataclass(frozen=True, slots=True)
class WrongMargin(Bug):
    """The hinge's gradient counts violations of another margin than its cost: of 0 instead of 1."""

    kind: Literal["wrong_margin"] = "wrong_margin"
    formula: ClassVar[str] = "[z_j − z_y > 0]  instead of  [1 + z_j − z_y > 0]"
    needs: ClassVar[str] = "a hinge loss, and scores within the margin"

    def loss(self, loss: Loss) -> Loss:
        return SpoiltLoss(loss, partial(self._record, loss)) if isinstance(loss, Hinge | BinaryHinge) else loss

    def _record(
        self, loss: Loss, do: Calls, scale: Scale, right: BindGradient, z: Array, scores: Array, t: Array
    ) -> None:
        one = scale(1.0)
        do(
            lambda: np.multiply(loss.gradient(scores + t, t), one, out=z)
        )  # the true score is raised by 1, which makes the margin 0

    def seen_in(self, found: Evidence) -> str | None:
        if not isinstance(found.part, Hinge | BinaryHinge) or found.ratio is not None:
            return None
        steps = found.numeric * (found.rows if isinstance(found.part, Hinge) else found.analytic.size)
        if not np.allclose(steps, np.rint(steps), atol=1e-6):
            return None
        wrong = len(found.report.wrong)
        return f"in {wrong} entries the active terms differ from those of the cost: the two use different margins"


@BUGS.register
@dataclass(frozen=True, slots=True)
class NoDerivative(Bug):
    """The gradient passes the activation without being multiplied by f′."""

    kind: Literal["no_derivative"] = "no_derivative"
    formula: ClassVar[str] = "∂J/∂z = ∂J/∂h  instead of  ∂J/∂h ⊙ f′(z)"
    needs: ClassVar[str] = "a hidden layer whose f′ is not 1 everywhere"

    def layer(self, layer: Layer) -> Layer:
        return SpoiltLayer(layer, _pass_on) if isinstance(layer, Activation) else layer

    def seen_in(self, found: Evidence) -> str | None:
        if isinstance(found.part, Activation) and _is_unchanged(found):
            return "the gradient comes out of the activation as it went in: it is not multiplied by f′(z)"
        return None


@BUGS.register
@dataclass(frozen=True, slots=True)
class NoMask(Bug):
    """Dropout drops units on the way forward, and lets the gradient through to all of them."""

    kind: Literal["no_mask"] = "no_mask"
    formula: ClassVar[str] = "∂J/∂x = ∂J/∂h  instead of  ∂J/∂h ⊙ mask"
    needs: ClassVar[str] = "dropout"

    def layer(self, layer: Layer) -> Layer:
        return SpoiltLayer(layer, _pass_on) if isinstance(layer, Dropout) else layer

    def seen_in(self, found: Evidence) -> str | None:
        if isinstance(found.part, Dropout) and _is_unchanged(found):
            return "the gradient comes out of dropout as it went in: the mask of the forward pass is not applied"
        return None


@BUGS.register
@dataclass(frozen=True, slots=True)
class Transposed(Bug):
    """Xᵀ dZ, which is (in, out), is written into the memory of dW, which is (out, in)."""

    kind: Literal["transposed"] = "transposed"
    formula: ClassVar[str] = "dW = Xᵀ dZ  instead of  dZᵀ X"
    needs: ClassVar[str] = "a weight matrix with more than one row and one column"

    def layer(self, layer: Layer) -> Layer:
        return SpoiltLayer(layer, self._spoil) if isinstance(layer, Dense) else layer

    def _spoil(self, do: Calls, d: Array, dx: Array, g: SimpleNamespace) -> None:
        do(lambda: np.copyto(g.W, g.W.T.reshape(g.W.shape)))

    def seen_in(self, found: Evidence) -> str | None:
        wrong = found.analytic
        if wrong.ndim == 2 and min(wrong.shape) > 1 and found.matches(wrong.reshape(wrong.T.shape).T):
            return "the numbers are right but in the wrong places: each is where its transpose belongs"
        return None


@BUGS.register
@dataclass(frozen=True, slots=True)
class BiasNotSummed(Bug):
    """The gradient of the bias is that of one example, not the sum over all."""

    kind: Literal["bias_not_summed"] = "bias_not_summed"
    formula: ClassVar[str] = "db = dz₁  instead of  Σ_i dz_i"
    needs: ClassVar[str] = "two examples or more, and a layer with biases"

    def layer(self, layer: Layer) -> Layer:
        return SpoiltLayer(layer, self._spoil) if isinstance(layer, Dense) and layer.bias else layer

    def _spoil(self, do: Calls, d: Array, dx: Array, g: SimpleNamespace) -> None:
        do(np.copyto, g.b, d[0])

    def seen_in(self, found: Evidence) -> str | None:
        if found.analytic.ndim != 1 or found.analytic.shape != found.given.shape[1:] or found.rows < 2:
            return None
        for row, of_one in enumerate(found.given):
            if np.allclose(found.analytic, of_one, rtol=1e-9, atol=0.0):
                return f"it is the gradient of example {row} alone: it is not summed over the {found.rows} examples"
        if found.is_ratio(1 / found.rows):
            return f"every entry is {found.rows} times too small: a mean over the examples in place of their sum"
        return None


@BUGS.register
@dataclass(frozen=True, slots=True)
class NoPenalty(Bug):
    """The penalty is part of the cost but missing from the gradient."""

    kind: Literal["no_penalty"] = "no_penalty"
    formula: ClassVar[str] = "∂J/∂w = ∂cost/∂w  instead of  ∂cost/∂w + ∂penalty/∂w"
    needs: ClassVar[str] = "a penalty"

    def penalty(self, penalty: Penalty) -> Penalty:
        return _OnlyCounted(**{each.name: getattr(penalty, each.name) for each in fields(penalty)})

    def seen_in(self, found: Evidence) -> str | None:
        if isinstance(found.part, Penalty) and not found.analytic.any():
            return "it is 0 everywhere: the penalty is in the cost and not in the gradient"
        return None


@BUGS.register
@dataclass(frozen=True, slots=True)
class WrongSign(Bug):
    """The gradient has the opposite sign, so that descent would increase the cost."""

    kind: Literal["wrong_sign"] = "wrong_sign"
    formula: ClassVar[str] = "∂J/∂z = (t − p)/m  instead of  (p − t)/m"
    needs: ClassVar[str] = "a gradient that is not 0"

    def loss(self, loss: Loss) -> Loss:
        return scale_loss(loss, lambda z: -1.0)

    def seen_in(self, found: Evidence) -> str | None:
        return found.describe() if found.is_ratio(-1.0) else None


@BUGS.register
@dataclass(frozen=True, slots=True)
class NoTwo(Bug):
    """The factor 2 from differentiating a square is missing."""

    kind: Literal["no_two"] = "no_two"
    formula: ClassVar[str] = "∂(z − t)²/∂z = z − t  instead of  2 (z − t)"
    needs: ClassVar[str] = "the loss mse or sigmoid_mse, without half"

    def loss(self, loss: Loss) -> Loss:
        return scale_loss(loss, lambda z: 0.5) if isinstance(loss, Mse | SigmoidMse) and not loss.half else loss

    def seen_in(self, found: Evidence) -> str | None:
        half, twice = "every entry is half the derivative: a factor 2 is missing", "every entry is twice the derivative"
        return half if found.is_ratio(0.5) else twice if found.is_ratio(2.0) else None


@dataclass(frozen=True, slots=True)
class _OnlyCounted(Penalty):
    """A penalty that adds to the cost but not to the gradient."""

    def bind(self, do: Calls, w: Array, dw: Array, total: Array, scratch: Array, factors: Array | None = None) -> None:
        Penalty.bind(self, do, w, np.zeros_like(dw), total, scratch, factors)


def _pass_on(do: Calls, d: Array, dx: Array, g: SimpleNamespace) -> None:
    """Record ∂L/∂input = ∂L/∂output, for each of the pieces that the input consists of."""
    for start in range(0, dx.shape[1], d.shape[1]):
        do(np.copyto, dx[:, start : start + d.shape[1]], d)


def _is_unchanged(found: Evidence) -> bool:
    """Return whether ∂L/∂input equals ∂L/∂output in each of the pieces."""
    if found.tensor != INPUTS:
        return False
    pieces = np.hstack([found.given] * (found.analytic.shape[1] // found.given.shape[1]))
    return np.array_equal(found.analytic, pieces)
