"""A network: layers and a loss over one flat vector of parameters.

Binding a network to a batch records every call of the forward and the backward pass once; running them is all that a
training step does. Knows nothing of data sources, optimizers or epochs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nntrain.core.calls import Calls, Constants
from nntrain.core.params import Params
from nntrain.core.plan import Plan
from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array, DType
from nntrain.core.workspace import Workspace
from nntrain.ops.layers import Backward, Context, Dense, Layer
from nntrain.ops.losses import Loss


@dataclass(frozen=True, slots=True, eq=False)
class BoundNetwork:
    """A network bound to one batch of inputs: the calls of the forward pass, its scores, and how to go back."""

    calls: Calls
    scores: Array  # (n, n_out); overwritten once a loss is bound and run
    backward: Callable[[Calls, Array], None]  # records the backward pass for ∂cost/∂scores


class Network:
    """Layers from ``n_in`` features to scores, and the loss on them; parameters are views of ``params.theta`` (P,)."""

    def __init__(
        self, layers: Sequence[Layer], loss: Loss, *, n_in: int, dtype: DType, plan: Plan | None = None
    ) -> None:
        self.layers = tuple(layers)
        self.loss = loss
        self.n_in = n_in
        self.plan = plan or Plan()
        self.threads = 1  # that take part in its products
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._constants: Constants = {}
        self.widths = [n_in]  # inputs of every layer, then the number of scores
        for layer in self.layers:
            self.widths.append(layer.n_out(self.widths[-1]))
        self.params = Params([layer.shapes(n) for layer, n in zip(self.layers, self.widths, strict=False)], self.dtype)

    @property
    def n_out(self) -> int:
        """Number of scores."""
        return self.widths[-1]

    @property
    def sizes(self) -> list[int]:
        """The widths that describe a network: 3-4-2 for three features, four hidden units and two scores."""
        return [
            *(n for layer, n in zip(self.layers, self.widths, strict=False) if isinstance(layer, Dense)),
            self.n_out,
        ]

    def initialize(self, seed: int) -> None:
        """Write initial parameters, a function of the seed and of the shapes alone."""
        for index, (layer, p) in enumerate(zip(self.layers, self.params.values, strict=True)):
            layer.initialize(p, generator(seed, Stream.INIT, index))

    def facts(self) -> dict[str, Any]:
        """Return what a run records of how the network is computed: the plan, on which its last digits depend.

        The threads of BLAS are in it. Helpers of the player are not: any number of them gives the same bits, and the
        files of a run shall not depend on the load of the machine.
        """
        return {"plan": self.plan.describe()}

    def workspace(self, capacity: int) -> Workspace:
        """Return empty buffers for up to ``capacity`` rows."""
        return Workspace(capacity, self.dtype, self.plan)

    def calls(self) -> Calls:
        """Return an empty list of calls."""
        return Calls(self.plan, self.dtype, self._constants)

    def bind(self, X: Array, ctx: Context) -> BoundNetwork:
        """Record the forward pass on X (n, n_in), whose memory must stay in place."""
        if X.ndim != 2 or X.shape[1] != self.n_in or X.dtype != self.dtype:
            raise ValueError(f"X: must be (n, {self.n_in}) {self.dtype}, got {X.shape} {X.dtype}")
        do, x = self.calls(), X
        backwards: list[tuple[str, Backward]] = []
        below = False  # whether a layer below has parameters
        for index, (layer, p, g) in enumerate(zip(self.layers, self.params.values, self.params.grads, strict=True)):
            do.label = name = f"{index} {type(layer).__name__.lower()}"
            x, backward = layer.bind(do, x, p, g, replace(ctx, wants_dx=below))
            below = below or bool(vars(p))
            backwards.append((name, backward))
        first = next((i for i, p in enumerate(self.params.values) if vars(p)), 0)  # nothing below it needs a gradient

        def record_backward(do: Calls, d: Array) -> None:
            for name, backward in reversed(backwards[first:]):
                do.label = f"{name} backward"
                d = backward(do, d)

        return BoundNetwork(do, x, record_backward)

    def forward(self, X: Array) -> Array:
        """Return the scores (n, n_out) for X (n, n_in); a plain call for tests and small inputs."""
        bound = self.bind(X, Context(self.workspace(len(X))))
        bound.calls.run()
        return bound.scores

    def value_and_grad(self, X: Array, t: Array) -> tuple[float, Array]:
        """Return the mean cost on X (n, n_in) with encoded targets t (n, …), and ``params.grad`` after it."""
        ws = self.workspace(len(X))
        bound = self.bind(X, Context(ws, training=True))
        target = ws.block(t.shape[1], bound.scores.dtype)
        target[:] = t
        read, bind_gradient = self.loss.bind(bound.calls, bound.scores, target, ws)
        bind_gradient(bound.calls, lambda constant: np.asarray(constant, self.dtype))
        bound.backward(bound.calls, bound.scores)
        bound.calls.run()
        return read(), self.params.grad
