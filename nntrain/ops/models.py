"""Models: which layers stand between n_in features and n_out scores, and which loss they take by default.

Knows nothing of data or training.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from nntrain.core.fields import ONE_OR_MANY, PLAIN_ONE, RARE, Count, Flag, Fraction, NonNegative
from nntrain.core.registry import Registry
from nntrain.core.types import Task
from nntrain.ops.activations import ACTIVATIONS, Activation
from nntrain.ops.activations.elementwise import Identity
from nntrain.ops.activations.rectifiers import Relu
from nntrain.ops.initializers import INITIALIZERS, Auto, Initializer
from nntrain.ops.layers import Dense, Dropout, Layer, Noise
from nntrain.ops.losses import (
    LOSSES,
    BinaryHinge,
    CrammerSinger,
    Hinge,
    Loss,
    Mse,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredHinge,
)

Problem = tuple[tuple[str, ...], str]  # (path of the field, what is wrong)


class Model(ABC):
    """A shape of network. ``losses`` lists the losses it may take; empty means any that fits the data."""

    formula: ClassVar[str] = ""
    losses: ClassVar[Sequence[type[Loss]]] = ()

    @abstractmethod
    def layers(self, n_in: int, n_out: int) -> Sequence[Layer]:
        """Return the layers from n_in features to n_out scores."""

    @abstractmethod
    def default_loss(self, task: Task, n_classes: int) -> Loss:
        """Return the loss to use where the spec names none."""

    def task(self, task: Task) -> Task:
        """Return what is learned from data of the given task."""
        return task

    @property
    def predicts(self) -> bool:
        """Whether there is something to predict, other than the inputs themselves."""
        return self.task("regression") != "reconstruction"

    def problems(self) -> Sequence[Problem]:
        """Return what is wrong with the fields taken together."""
        return ()

    def loss_problem(self, loss: Loss) -> str | None:
        """Return why this loss cannot be used, or None."""
        if not self.losses or isinstance(loss, tuple(self.losses)):
            return None
        kinds = [kind for kind, entry in LOSSES.items() if entry in self.losses]
        return f"does not fit this model; use {' or '.join(kinds)}"


MODELS: Registry[Model] = Registry("models", "model")


def _bias_problems(bias: bool, *starts: Initializer) -> Sequence[Problem]:
    """Return what is wrong where biases are given a start and left out."""
    given = next((name for start in starts for name in ("bias", "bias_std") if getattr(start, name)), None)
    return [(("init",), f"{given} is for biases, and bias: false leaves them out")] if given and not bias else []


@dataclass(frozen=True, slots=True)
class _OneLayer(Model):
    """A linear layer alone; without ``bias`` z = W x."""

    kind: str
    init: Annotated[Initializer, INITIALIZERS] = Auto()
    bias: Flag = field(default=True, metadata=RARE)

    def problems(self) -> Sequence[Problem]:
        return _bias_problems(self.bias, self.init)

    def layers(self, n_in: int, n_out: int) -> Sequence[Layer]:
        return (Dense(n_out, self.init, bias=self.bias),)


@MODELS.register
@dataclass(frozen=True, slots=True)
class Softmax(_OneLayer):
    """Softmax regression: one linear layer with a softmax output."""

    kind: Literal["softmax"] = "softmax"
    formula: ClassVar[str] = "p = softmax(W x + b)"
    losses: ClassVar[Sequence[type[Loss]]] = (SoftmaxCrossEntropy,)

    def default_loss(self, task: Task, n_classes: int) -> Loss:
        return SoftmaxCrossEntropy()


@MODELS.register
@dataclass(frozen=True, slots=True)
class Linear(_OneLayer):
    """One linear layer: least squares, or any other loss on linear scores."""

    kind: Literal["linear"] = "linear"
    formula: ClassVar[str] = "z = W x + b"

    def default_loss(self, task: Task, n_classes: int) -> Loss:
        return Mse()


@MODELS.register
@dataclass(frozen=True, slots=True)
class Svm(_OneLayer):
    """Linear support vector machine: one linear layer with a hinge loss; the penalty is ``penalty.l2``."""

    kind: Literal["svm"] = "svm"
    formula: ClassVar[str] = "z = W x + b, margins of 1"
    losses: ClassVar[Sequence[type[Loss]]] = (Hinge, BinaryHinge, CrammerSinger, SquaredHinge)

    def default_loss(self, task: Task, n_classes: int) -> Loss:
        return BinaryHinge() if n_classes == 2 or task == "multilabel" else Hinge()


@dataclass(frozen=True, slots=True)
class _Stacked(Model):
    """Hidden layers of dense maps, activations and dropout; one activation or rate for all, or one a layer.

    A list for ``init`` has one more, that of the layer of scores. Without ``bias`` every dense map is z = W x. In
    training, ``input_noise`` is the deviation of what is added to each input, of which then some are dropped.
    """

    kind: str
    hidden: Annotated[tuple[Count, ...], ONE_OR_MANY] = (64,)
    activation: Annotated[tuple[Annotated[Activation, ACTIVATIONS], ...], ONE_OR_MANY] = (Relu(),)
    init: Annotated[tuple[Annotated[Initializer, INITIALIZERS], ...], ONE_OR_MANY] = field(
        default=(Auto(),), metadata=PLAIN_ONE
    )
    dropout: Annotated[tuple[Fraction, ...], ONE_OR_MANY] = (0.0,)
    input_dropout: Fraction = field(default=0.0, metadata=RARE)
    input_noise: NonNegative = field(default=0.0, metadata=RARE)
    bias: Flag = field(default=True, metadata=RARE)

    def problems(self) -> Sequence[Problem]:
        many = len(self.hidden)
        found: list[Problem] = [
            ((name,), f"must be one for all or one for each of the {many} hidden layers, got {len(given)}")
            for name, given in (("activation", self.activation), ("dropout", self.dropout))
            if len(given) not in (1, many)
        ]
        if len(self.init) not in (1, many + 1):
            layers = f"the {many + 1} layers with weights, that of the scores last"
            found.append((("init",), f"must be one for all or one for each of {layers}, got {len(self.init)}"))
        return [*found, *_bias_problems(self.bias, *self.init)]

    def layers(self, n_in: int, n_out: int) -> Sequence[Layer]:
        many = len(self.hidden)
        layers: list[Layer] = [Noise(self.input_noise, many + 1)] if self.input_noise else []
        layers += [Dropout(self.input_dropout, many)] if self.input_dropout else []
        for place, width in enumerate(self.hidden):
            unit = self.activation[place % len(self.activation)]
            rate = self.dropout[place % len(self.dropout)]
            init = self.init[place % len(self.init)]
            layers += [Dense(unit.dense_width(width), init, unit.rectified, self.bias), unit]
            layers += [Dropout(rate, place)] if rate else []
        return (*layers, Dense(n_out, self.init[-1], bias=self.bias))


@MODELS.register
@dataclass(frozen=True, slots=True)
class Mlp(_Stacked):
    """Multilayer perceptron: hidden layers with activations, and a linear layer of scores."""

    kind: Literal["mlp"] = "mlp"
    formula: ClassVar[str] = "h_i = f(W_i h_{i−1} + b_i),  z = W h + b"

    def default_loss(self, task: Task, n_classes: int) -> Loss:
        if task == "classification":
            return SoftmaxCrossEntropy()
        return SigmoidCrossEntropy() if task == "multilabel" else Mse()


@MODELS.register
@dataclass(frozen=True, slots=True)
class Autoencoder(_Stacked):
    """Learns to give back its inputs through narrow hidden layers; linear by default."""

    kind: Literal["autoencoder"] = "autoencoder"
    formula: ClassVar[str] = "z = decode(encode(x)), cost of z against x"
    hidden: Annotated[tuple[Count, ...], ONE_OR_MANY] = (8,)
    activation: Annotated[tuple[Annotated[Activation, ACTIVATIONS], ...], ONE_OR_MANY] = (Identity(),)

    def task(self, task: Task) -> Task:
        return "reconstruction"

    def default_loss(self, task: Task, n_classes: int) -> Loss:
        return Mse()
