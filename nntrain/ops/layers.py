"""Layers with weights, and dropout."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Protocol

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.params import Shape
from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.ops.layer import Backward, Context, Layer


class Fills(Protocol):
    """What a dense layer asks of an initializer: fill W (out, in) in place."""

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Write initial weights into W."""


@dataclass(frozen=True, slots=True)
class Dense(Layer):
    """The affine map z = W x + b, W (out, in), b (out,); for a batch Z = X Wᵀ + b, rows are examples."""

    width: int
    init: Fills
    rectified: bool = False  # whether a unit of the ReLU family follows

    def n_out(self, n_in: int) -> int:
        return self.width

    def shapes(self, n_in: int) -> Mapping[str, Shape]:
        return {"W": Shape((self.width, n_in), weight=True), "b": Shape((self.width,))}

    def initialize(self, p: SimpleNamespace, rng: np.random.Generator) -> None:
        fan_out, fan_in = p.W.shape
        self.init.fill(p.W, rng, fan_in=fan_in, fan_out=fan_out, rectified=self.rectified)
        p.b[:] = 0

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        z = ctx.ws.block(self.width)
        ones = ctx.ws.column()
        ones[:] = 1
        dx = ctx.ws.block(x.shape[1]) if ctx.training and ctx.wants_dx else None

        do.matmul(x, p.W.T, out=z)  # Z = X Wᵀ
        do(np.add, z, p.b, out=z)  # Z = Z + b

        def backward(do: Calls, dz: Array) -> Array:
            do.matmul(dz.T, x, out=g.W, axis=1)  # dW = dZᵀ X
            do(ones.dot, dz, out=g.b)  # db = 1ᵀ dZ
            if dx is None:
                return dz
            do.matmul(dz, p.W, out=dx)  # dX = dZ W
            return dx

        return z, backward

    def expression(self) -> str:
        return "W @ x + b"

    def flops(self, n_in: int) -> int:
        return 2 * n_in * self.width


@dataclass(frozen=True, slots=True)
class Dropout(Layer):
    """Drop each input with probability ``rate`` in training, scale the rest by 1/(1 − rate) (Srivastava et al. 2014).

    The mask of a step is a function of seed, step and place, so a resumed run draws the same masks.
    """

    rate: float
    place: int  # which dropout layer of the network this is

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        if not ctx.training or self.rate == 0:
            return x, lambda do, d: d
        h, mask, draws = ctx.ws.like(x), ctx.ws.like(x), ctx.ws.block(x.shape[1], np.float32)
        clock = ctx.clock if ctx.clock is not None else np.zeros((), np.int64)

        do(partial(self._draw, ctx.seed, clock, draws, mask))  # m ~ Bernoulli(1 − rate) / (1 − rate)
        do(np.multiply, x, mask, out=h)  # h = x ⊙ m

        def backward(do: Calls, d: Array) -> Array:
            do(np.multiply, d, mask, out=d)  # dx = dh ⊙ m
            return d

        return h, backward

    def expression(self) -> str:
        return "x"

    def _draw(self, seed: int, clock: Array, draws: Array, mask: Array) -> None:
        rng = generator(seed, Stream.DROPOUT, self.place, int(clock))
        rng.random(dtype=np.float32, out=draws if draws.flags.c_contiguous else draws.T)
        np.greater_equal(draws, np.float32(self.rate), out=mask, casting="unsafe")
        np.multiply(mask, 1 / (1 - self.rate), out=mask)
