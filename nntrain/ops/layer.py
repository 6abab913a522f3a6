"""What a layer is: shapes of its parameters, and how it writes its equations forward and back.

A layer keeps no state. ``bind`` records the forward calls on given arrays and returns the output together with a
function that records the backward calls; whatever both need (buffers, views) they share as local names.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.params import Shape
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace

# Records the backward calls for a gradient d = ∂L/∂output (n, n_out), which it may overwrite, and returns
# ∂L/∂input (n, n_in), or d where the context does not want it.
Backward = Callable[[Calls, Array], Array]


@dataclass(frozen=True, slots=True)
class Context:
    """What binding needs beside the arrays: buffers, whether this is training, and where random numbers come from."""

    ws: Workspace
    training: bool = False
    wants_dx: bool = True  # whether anything below has parameters, so that backward must give ∂L/∂input
    seed: int = 0
    clock: Array | None = None  # 0-d int64: the current step, read when the calls run


class Layer(ABC):
    """One stage of a network, from n_in features to n_out."""

    def n_out(self, n_in: int) -> int:
        """Return the number of outputs for ``n_in`` inputs."""
        return n_in

    def shapes(self, n_in: int) -> Mapping[str, Shape]:
        """Return the parameters' shapes by name; no parameters by default."""
        return {}

    def initialize(self, p: SimpleNamespace, rng: np.random.Generator) -> None:  # noqa: B027  # nothing to do by default
        """Write initial values into the parameter views ``p``."""

    @abstractmethod
    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        """Record the forward calls on x (n, n_in); return the output (n, n_out) and its backward.

        ``p`` and ``g`` hold the views of the parameters and of their gradients; backward writes every gradient anew.
        """

    def expression(self) -> str:
        """Return the output for one example as a formula that ``nntrain.graph`` reads; empty if there is none.

        It is a formula of the parameters' names and of the input: ``x`` where the output is called z, ``z`` where it is
        called h. What is drawn at random is left out, as in prediction.
        """
        return ""

    def flops(self, n_in: int) -> int:
        """Return the floating-point operations of the forward pass for one example (products and sums)."""
        return 0
