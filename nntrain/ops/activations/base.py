"""What an activation is, and the registry that activations enter. Knows none of them."""

from abc import abstractmethod
from collections.abc import Sequence
from types import SimpleNamespace
from typing import ClassVar

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.registry import Registry
from nntrain.core.types import Array
from nntrain.ops.layers import Backward, Context, Layer


class Activation(Layer):
    """A unit that follows a dense layer. ``kinks`` lists the points where f′ jumps or bends."""

    formula: ClassVar[str] = ""
    kinks: ClassVar[Sequence[float]] = ()
    rectified: ClassVar[bool] = False  # whether it belongs to the ReLU family, for the initial weights

    @property
    def smooth(self) -> bool:
        """Whether f′ jumps and bends nowhere."""
        return not self.kinks

    def dense_width(self, width: int) -> int:
        """Return how many inputs it needs to give ``width`` outputs."""
        return width


class Elementwise(Activation):
    """f and f′ of every entry alone.

    ``reads_z`` tells that backward needs z; otherwise h overwrites z. ``scratch`` tells that a block of scratch is
    needed, which keeps its values from forward to backward.
    """

    reads_z: ClassVar[bool] = True
    scratch: ClassVar[bool] = False

    @abstractmethod
    def f(self, z: Array) -> Array:
        """Return f(z), any shape."""

    @abstractmethod
    def df(self, z: Array) -> Array:
        """Return f′(z), any shape."""

    def forward(self, do: Calls, z: Array, h: Array, s: Array) -> None:
        """Record h = f(z), all of one shape; h is z itself unless ``reads_z``; s is scratch if asked for."""
        do(lambda: np.copyto(h, self.f(z)))

    def backward(self, do: Calls, z: Array, h: Array, d: Array, s: Array) -> None:
        """Record d ← d ⊙ f′(z); z, h and s may be overwritten."""
        do(lambda: np.multiply(d, self.df(z), out=d))

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        z = x
        h = ctx.ws.like(z) if self.reads_z else z
        s = ctx.ws.like(z) if self.scratch else z
        self.forward(do, z, h, s)

        def backward(do: Calls, d: Array) -> Array:
            self.backward(do, z, h, d, s)
            return d

        return h, backward


ACTIVATIONS: Registry[Activation] = Registry("activations", "activation")
