"""Layers: what a layer is, the dense layer, and dropout.

A layer keeps no state. It declares the shapes of its parameters and writes its equations forward and back: ``bind``
records the forward calls on given arrays and returns the output together with a function that records the backward
calls; the buffers and views that both need are local names which they share. Knows nothing of losses or networks.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import ClassVar, Protocol, TypeAlias

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.params import Shape
from nntrain.core.rng import Stream, generator
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
    shard: Sequence[int] = ()  # the number of the shard, where a batch is cut into several


class Layer(ABC):
    """One stage of a network, from n_in features to n_out. ``draws``: it is another function in every training step."""

    draws: ClassVar[bool] = False

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


class Fills(Protocol):
    """What a dense layer asks of an initializer: fill W (out, in) and b (out,) in place."""

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Write initial weights into W."""

    def fill_bias(self, b: Array, rng: np.random.Generator, *, fan_in: int) -> None:
        """Write initial biases into b."""


@dataclass(frozen=True, slots=True)
class Dense(Layer):
    """The affine map z = W x + b, W (out, in), b (out,); for a batch Z = X Wᵀ + b, rows are examples.

    Without ``bias`` it is z = W x.
    """

    width: int
    init: Fills
    rectified: bool = False  # whether a unit of the ReLU family follows
    bias: bool = True

    def n_out(self, n_in: int) -> int:
        return self.width

    def shapes(self, n_in: int) -> Mapping[str, Shape]:
        return {"W": Shape((self.width, n_in), weight=True)} | ({"b": Shape((self.width,))} if self.bias else {})

    def initialize(self, p: SimpleNamespace, rng: np.random.Generator) -> None:
        fan_out, fan_in = p.W.shape
        self.init.fill(p.W, rng, fan_in=fan_in, fan_out=fan_out, rectified=self.rectified)
        if self.bias:
            self.init.fill_bias(p.b, rng, fan_in=fan_in)

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        z = ctx.ws.block(self.width)
        ones = ctx.ws.column()
        ones[:] = 1
        dx = ctx.ws.block(x.shape[1]) if ctx.training and ctx.wants_dx else None

        do.matmul(x, p.W.T, out=z)  # Z = X Wᵀ
        if self.bias:
            do(np.add, z, p.b, out=z)  # Z = Z + b

        def backward(do: Calls, dz: Array) -> Array:
            do.matmul(dz.T, x, out=g.W, axis=1)  # dW = dZᵀ X
            if self.bias:
                do.sum_columns(ones, dz, out=g.b)  # db = 1ᵀ dZ
            if dx is None:
                return dz
            do.matmul(dz, p.W, out=dx)  # dX = dZ W
            return dx

        return z, backward

    def expression(self) -> str:
        return "W @ x + b" if self.bias else "W @ x"

    def flops(self, n_in: int) -> int:
        return 2 * n_in * self.width


RandomStream: TypeAlias = Callable[[], np.random.Generator]  # the random numbers of the present step


def _stream(ctx: Context, place: int) -> RandomStream:
    """Return the stream of a drawing layer: in each step a function of seed, step, place and shard."""
    clock = ctx.clock if ctx.clock is not None else np.zeros((), np.int64)
    return lambda: generator(ctx.seed, Stream.DROPOUT, place, int(clock), *ctx.shard)


@dataclass(frozen=True, slots=True)
class Dropout(Layer):
    """Drop each input with probability ``rate`` in training, scale the rest by 1/(1 − rate) (Srivastava et al. 2014).

    The mask of a step is drawn from the layer's own stream, so a resumed run draws the same masks.
    """

    draws: ClassVar[bool] = True
    rate: float
    place: int  # which dropout layer of the network this is

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        if not ctx.training or self.rate == 0:
            return x, lambda do, d: d
        h, mask, draws = ctx.ws.like(x), ctx.ws.like(x), ctx.ws.block(x.shape[1], np.float32)

        do(partial(self._draw, _stream(ctx, self.place), draws, mask))  # m ~ Bernoulli(1 − rate) / (1 − rate)
        do(np.multiply, x, mask, out=h)  # h = x ⊙ m

        def backward(do: Calls, d: Array) -> Array:
            do(np.multiply, d, mask, out=d)  # dx = dh ⊙ m
            return d

        return h, backward

    def expression(self) -> str:
        return "x"

    def _draw(self, stream: RandomStream, draws: Array, mask: Array) -> None:
        stream().random(dtype=np.float32, out=draws if draws.flags.c_contiguous else draws.T)
        np.greater_equal(draws, np.float32(self.rate), out=mask, casting="unsafe")
        np.multiply(mask, 1 / (1 - self.rate), out=mask)


@dataclass(frozen=True, slots=True)
class Noise(Layer):
    """Add a normal number of deviation ``std`` to each input in training (Bishop 1995).

    The numbers of a step are drawn from the layer's own stream, as the masks of dropout are.
    """

    draws: ClassVar[bool] = True
    std: float
    place: int  # which drawing layer of the network this is

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        if not ctx.training or self.std == 0:
            return x, lambda do, d: d
        h, draws = ctx.ws.like(x), ctx.ws.block(x.shape[1], np.float32)

        do(partial(self._draw, _stream(ctx, self.place), draws, h))  # h = ε, ε ~ N(0, std²)
        do(np.add, x, h, out=h)  # h = x + ε
        return h, lambda do, d: d  # dx = dh

    def expression(self) -> str:
        return "x"

    def _draw(self, stream: RandomStream, draws: Array, out: Array) -> None:
        stream().standard_normal(dtype=np.float32, out=draws if draws.flags.c_contiguous else draws.T)
        np.multiply(draws, self.std, out=out)
