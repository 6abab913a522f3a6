"""What a loss is: an output unit together with its cost.

A loss owns the link from scores to prediction, encodes the targets, and gives the value and the gradient of one and the
same function. ``cost`` and ``gradient`` are the formulas on whole arrays and suffice for a new loss; ``bind`` may be
overridden with the same mathematics in place, without temporaries, and the tests hold both equal. Scores z and targets
t are (n, c); rows are examples. Knows nothing of layers or parameters.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import RARE
from nntrain.core.registry import Registry
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace

# From the constant that scales a gradient, such as 1/n, to the 0-d array that the calls multiply by: the caller may
# fold the learning rate into it.
Scale = Callable[[float], Array]
# Records the calls that turn the scores into ∂cost/∂z in place; to be called once, after the forward calls.
BindGradient = Callable[[Calls, Scale], None]
ReadCost = Callable[[], float]


class Loss(ABC):
    """A cost averaged over the examples of a batch, with the output unit it belongs to."""

    formula: ClassVar[str] = ""
    tasks: ClassVar[Sequence[Task]] = ()
    threshold: ClassVar[float] = 0.0  # with one output: the score above which class 1 is chosen
    kinked: ClassVar[bool] = False  # whether the gradient jumps or bends somewhere
    smooth: ClassVar[bool] = True  # whether the gradient jumps nowhere
    convex: ClassVar[bool] = True  # whether it is convex in the scores

    def width(self, n_classes: int, n_targets: int) -> int:
        """Return the number of scores for this many classes (0 in regression) or target columns."""
        return n_classes if n_classes else n_targets

    @property
    def unweighted(self) -> "Loss":
        """The loss of an example that counts 1."""
        return self

    def targets_of(self, t: Array) -> Array:
        """Return the targets (n, c) without the weights that may be in them."""
        return t

    def add_weights(self, t: Array, weights: Array | None) -> Array:
        """Return targets (n, c) with the weight (n,) of each example where the loss has such; None: all 1."""
        return t

    def problem(self, class_names: Sequence[str]) -> tuple[str, str] | None:
        """Return (field, what is wrong with it) for data of these classes, or None."""
        return None

    def settle(self, class_names: Sequence[str], class_rows: Sequence[float]) -> "Loss":
        """Return the loss with what the classes decide filled in. SpecError where they cannot decide it.

        ``class_rows`` are the training rows of each class, as they count.
        """
        return self

    def target_problem(self, y: Array) -> str | None:
        """Return what is wrong with the targets (n,) or (n, k), or None."""
        return None

    def encode(self, y: Array, width: int, dtype: np.dtype[np.floating]) -> Array:
        """Return the targets (n, width): class indices (n,) become one-hot rows, or 0/1 with one output."""
        if y.ndim == 2:
            return y.astype(dtype, copy=False)
        if width == 1:
            return y.astype(dtype)[:, None]
        t = np.zeros((width, len(y)), dtype).T
        t[np.arange(len(y)), y] = 1
        return t

    def link(self, z: Array) -> Array:
        """Return the prediction for scores z (n, c): probabilities where the loss has them."""
        return z

    @property
    def gives_probabilities(self) -> bool:
        """Whether the predictions of classes or labels are probabilities."""
        return type(self).link is not Loss.link

    def predict(self, do: Calls, z: Array, out: Array) -> None:
        """Record out = link(z), both (n, c), for losses whose prediction is compared with numbers."""
        do(np.copyto, out, z)

    def choose(self, z: Array) -> Array:
        """Return the index of the class decided for, (n,), for scores z (n, c); the first of equal scores wins."""
        return np.where(z[:, 0] > self.threshold, 1, 0) if z.shape[1] == 1 else z.argmax(axis=1)

    @abstractmethod
    def cost(self, z: Array, t: Array) -> Array:
        """Return the cost of each example, (n,); the cost of a batch is their mean."""

    @abstractmethod
    def gradient(self, z: Array, t: Array) -> Array:
        """Return ∂(mean cost)/∂z, (n, c)."""

    def expression(self, width: int) -> str:
        """Return the cost of one example of this width as a formula of z and t that ``nntrain.graph`` reads.

        Empty if there is none.
        """
        return ""

    def bind(self, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
        """Record the cost of a batch; return how to read it, and how to record ∂cost/∂z into z.

        z is free to be overwritten from the cost on, t is not. This default calls ``cost`` and ``gradient``.
        """
        costs = ws.column()
        do(lambda: np.copyto(costs, self.cost(z, t)))

        def gradient(do: Calls, scale: Scale) -> None:
            factor = scale(1.0)
            do(lambda: np.multiply(self.gradient(z, t), factor, out=z))

        return lambda: costs.mean(dtype=np.result_type(costs, np.float64)).item(), gradient


@dataclass(frozen=True, slots=True)
class PerOutput(Loss):
    """A loss that is a cost of each output alone: averaged over them, or with ``outputs: sum`` summed."""

    kind: str
    outputs: Literal["mean", "sum"] = field(default="mean", metadata=RARE)

    def over_outputs(self, costs: Array) -> Array:
        """Return the cost of each example, (n,), from that of each output, (n, c)."""
        return costs.mean(axis=1) if self.outputs == "mean" else costs.sum(axis=1)

    def divisor(self, z: Array) -> int:
        """Return by what the sum over all examples and outputs is divided for the cost of a batch (n, c)."""
        return z.size if self.outputs == "mean" else len(z)

    def outputs_of(self, text: str, width: int) -> str:
        """Return the formula of the cost of an example from that of each output."""
        return f"sum({text}) / {width}" if width > 1 and self.outputs == "mean" else f"sum({text})"


LOSSES: Registry[Loss] = Registry("losses", "loss")
