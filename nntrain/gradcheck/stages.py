"""The stages whose gradients are checked: the cost of a whole network, one layer, one loss, the penalty.

A stage is a value with the tensors it depends on, and the gradients that the calls of the engine compute for them. The
calls are recorded as for training, on separate buffers. Bound to complex arrays, they compute the value in complex
numbers, which gives a second derivative to compare with. Knows nothing of specs or data.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace
from nntrain.gradcheck.numeric import Imaginary, Options, Report, compare
from nntrain.gradcheck.numeric.complex_step import ComplexWorkspace, order_by_real_part
from nntrain.network import Network
from nntrain.ops.layers import Context, Layer
from nntrain.ops.losses import Loss
from nntrain.ops.penalties import Penalty

T = TypeVar("T")

INPUTS, SCORES, WEIGHTS = "x", "scores", "w"  # names of the tensors that are not parameters


class Stage(Protocol):
    """A value and its gradients. ``tensors`` are C-contiguous; the value follows changes made to them in place."""

    tensors: Mapping[str, Array]

    def value(self) -> Any:
        """Return the value at the present tensors: a float, or a complex number in complex arrays."""

    def gradients(self) -> Mapping[str, Array]:
        """Return the gradient of the value for each tensor, as the engine computes it."""


class WholeNetwork:
    """The mean cost of a few examples X (n, d), t (n, c) as a function of a network's parameters; no penalty."""

    def __init__(self, network: Network, X: Array, t: Array, *, seed: int) -> None:
        ws = _workspace(len(X), network.dtype, network.plan)
        bound = network.bind(order_by_real_part(X.astype(network.dtype)), Context(ws, training=True, seed=seed))
        target = ws.block(t.shape[1], bound.scores.dtype)
        target[:] = t
        self._read, bind_gradient = network.loss.bind(bound.calls, bound.scores, target, ws)
        self._forward, self._params = bound.calls.bind(), network.params

        def record_backward(do: Calls) -> None:
            bind_gradient(do, lambda constant: np.asarray(constant, network.dtype))
            bound.backward(do, bound.scores)

        self._backward = _LazyCalls(network.calls(), record_backward)
        self.tensors: Mapping[str, Array] = dict(network.params.named(network.params.theta))

    def value(self) -> Any:
        """Return the cost."""
        for call in self._forward:
            call()
        return self._read()

    def gradients(self) -> Mapping[str, Array]:
        """Return the gradient of each parameter."""
        self.value()
        self._backward.run()
        return {name: view.copy() for name, view in self._params.named(self._params.grad)}


class OneLayer:
    """Σ d ⊙ layer(x) for a layer, its inputs x (n, n_in), its parameters, and an upstream gradient d (n, n_out)."""

    def __init__(self, layer: Layer, x: Array, parameters: Mapping[str, Array], d: Array, *, seed: int) -> None:
        ws = _workspace(len(x), x.dtype, Plan())
        ctx = Context(ws, training=True, seed=seed)
        given = {name: np.array(array, x.dtype, order="C") for name, array in parameters.items()}
        self.tensors: Mapping[str, Array] = {**given, INPUTS: np.array(x, order="C")}
        self.upstream = d
        self._g = {name: np.zeros_like(array) for name, array in given.items()}
        self._x, self._d = ws.block(x.shape[1]), ws.block(d.shape[1])
        forward = Calls(Plan(), x.dtype)
        self.output, record = layer.bind(forward, self._x, SimpleNamespace(**given), SimpleNamespace(**self._g), ctx)
        self._forward = forward.bind()
        self._backward = _LazyCalls(Calls(Plan(), x.dtype), lambda do: record(do, self._d))

    def value(self) -> Any:
        """Return Σ d ⊙ layer(x); ``output`` holds layer(x)."""
        self._x[:] = self.tensors[INPUTS]  # a layer may overwrite its inputs
        for call in self._forward:
            call()
        return (self.upstream * self.output).sum().item()

    def gradients(self) -> Mapping[str, Array]:
        """Return the gradients of parameters and inputs."""
        self.value()
        self._d[:] = self.upstream
        dx = self._backward.run()
        return {**{name: array.copy() for name, array in self._g.items()}, INPUTS: np.array(dx, order="C")}


class OneLoss:
    """The mean cost of scores z (n, c) for encoded targets t (n, c)."""

    def __init__(self, loss: Loss, z: Array, t: Array) -> None:
        ws = _workspace(len(z), z.dtype, Plan())
        self.tensors: Mapping[str, Array] = {SCORES: np.array(z, order="C")}
        self._z, target = ws.block(z.shape[1]), ws.block(t.shape[1])
        target[:] = t
        forward = Calls(Plan(), z.dtype)
        self._read, record = loss.bind(forward, self._z, target, ws)
        self._forward = forward.bind()
        scale = partial(np.asarray, dtype=z.dtype)
        self._backward = _LazyCalls(Calls(Plan(), z.dtype), lambda do: record(do, scale))

    def value(self) -> Any:
        """Return the cost."""
        self._z[:] = self.tensors[SCORES]  # the loss overwrites its scores
        for call in self._forward:
            call()
        return self._read()

    def gradients(self) -> Mapping[str, Array]:
        """Return ∂cost/∂scores."""
        self.value()
        self._backward.run()
        return {SCORES: np.array(self._z, order="C")}


class OnePenalty:
    """The penalty of weights w (P,), with factors (P,) if not all have 1; a step of its own for l1 is left aside."""

    def __init__(self, penalty: Penalty, w: Array, factors: Array | None = None) -> None:
        self.tensors: Mapping[str, Array] = {WEIGHTS: w.copy()}
        self._dw, self._parts, scratch = np.zeros_like(w), np.zeros(2, w.dtype), np.zeros_like(w)
        calls = Calls(Plan(), w.dtype)
        whole, scratch = replace(penalty, proximal=False), order_by_real_part(scratch)
        whole.bind(calls, self.tensors[WEIGHTS], self._dw, self._parts, scratch, factors)
        self._calls = calls.bind()

    def value(self) -> Any:
        """Return the penalty."""
        for call in self._calls:
            call()
        return self._parts.sum().item()

    def gradients(self) -> Mapping[str, Array]:
        """Return ∂penalty/∂w."""
        self._dw[:] = 0
        self.value()
        return {WEIGHTS: self._dw.copy()}


def compare_stage(
    stage: Stage,
    options: Options,
    *,
    complex_stage: Stage | None = None,
    wanted: Callable[[str], bool] = lambda name: True,
) -> Iterator[tuple[str, Array, Report]]:
    """Yield the name of each wanted tensor, its analytic gradient, and the report on that gradient.

    ``complex_stage`` is the same stage in complex arrays.
    """
    gradients = stage.gradients()
    for name, tensor in stage.tensors.items():
        if wanted(name):
            theta, gradient = tensor.reshape(-1), gradients[name]
            imaginary = None
            if complex_stage is not None:
                imaginary = Imaginary(complex_stage.value, complex_stage.tensors[name].reshape(-1))
            yield name, gradient, compare(stage.value, gradient.reshape(-1), theta, options, imaginary=imaginary)


class _LazyCalls(Generic[T]):
    """Calls that are recorded when they are first run, since complex arrays have no backward pass."""

    def __init__(self, calls: Calls, record: Callable[[Calls], T]) -> None:
        self._calls, self._record = calls, record

    @cached_property
    def _result(self) -> T:
        return self._record(self._calls)

    def run(self) -> T:
        """Run the calls and return the result of recording them."""
        result = self._result
        self._calls.run()
        return result


def _workspace(rows: int, dtype: np.dtype[Any], plan: Plan) -> Workspace:
    return ComplexWorkspace(rows) if dtype.kind == "c" else Workspace(rows, dtype, plan)
