"""Units with more than an elementwise formula: PReLU learns its slopes, maxout takes the largest of k linear pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from nntrain.core.calls import Calls
from nntrain.core.fields import Count, Real
from nntrain.core.params import Shape
from nntrain.core.types import Array
from nntrain.ops.activations.base import ACTIVATIONS, Activation
from nntrain.ops.layers import Backward, Context


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class PRelu(Activation):
    """ReLU with one learned slope a unit below 0 (He et al. 2015)."""

    kind: Literal["prelu"] = "prelu"
    formula: ClassVar[str] = "h = max(0, z) + slope·min(0, z), slope learned"
    kinks: ClassVar[Sequence[float]] = (0.0,)
    rectified: ClassVar[bool] = True
    initial: Real = 0.25

    def shapes(self, n_in: int) -> Mapping[str, Shape]:
        return {"slope": Shape((n_in,))}

    def initialize(self, p: SimpleNamespace, rng: np.random.Generator) -> None:
        p.slope[:] = self.initial

    def expression(self) -> str:
        return "max(0, z) + slope * min(z, 0)"

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        z, h, low, s, ones = x, ctx.ws.like(x), ctx.ws.like(x), ctx.ws.like(x), ctx.ws.column()
        ones[:] = 1

        do(np.minimum, z, 0.0, out=low)  # min(0, z)
        do(np.multiply, low, p.slope, out=s)
        do(np.maximum, z, 0.0, out=h)
        do(np.add, h, s, out=h)  # h = max(0, z) + slope min(0, z)

        def backward(do: Calls, d: Array) -> Array:
            do(np.multiply, d, low, out=low)
            do.sum_columns(ones, low, out=g.slope)  # dslope = Σ d min(0, z)
            do(np.less_equal, z, 0.0, out=s)  # 1 where z ≤ 0
            do(np.subtract, 1.0, s, out=h)  # 1 where z > 0
            do(np.multiply, s, p.slope, out=s)
            do(np.add, s, h, out=s)  # f′ = 1 or slope
            do(np.multiply, d, s, out=d)
            return d

        return h, backward


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Maxout(Activation):
    """Largest of k linear pieces; where pieces tie, the first takes the gradient (Goodfellow et al. 2013)."""

    kind: Literal["maxout"] = "maxout"
    formula: ClassVar[str] = "h = max_j (W_j x + b_j), j = 1…k"
    rectified: ClassVar[bool] = True
    pieces: Annotated[Count, Ge(2)] = 2

    @property
    def smooth(self) -> bool:
        return False  # where pieces tie

    def dense_width(self, width: int) -> int:
        return width * self.pieces

    def n_out(self, n_in: int) -> int:
        return n_in // self.pieces

    def expression(self) -> str:
        return f"max({', '.join(f'part(z, {j}, {self.pieces})' for j in range(1, self.pieces + 1))})"

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        width = self.n_out(x.shape[1])
        z = [x[:, j * width : (j + 1) * width] for j in range(self.pieces)]
        h, dz = ctx.ws.block(width), ctx.ws.like(x)
        left, wins = ctx.ws.block(width), ctx.ws.block(width)

        do(np.maximum, z[0], z[1], out=h)
        for piece in z[2:]:
            do(np.maximum, h, piece, out=h)  # h = max_j z_j

        def backward(do: Calls, d: Array) -> Array:
            do(np.copyto, left, d)  # what no piece has taken yet
            for j, piece in enumerate(z):
                do(np.equal, piece, h, out=wins)  # 1 where piece j is the largest
                do(np.multiply, left, wins, out=wins)
                do(np.copyto, dz[:, j * width : (j + 1) * width], wins)  # dz_j = d where piece j is the first largest
                do(np.subtract, left, wins, out=left)
            return dz

        return h, backward
