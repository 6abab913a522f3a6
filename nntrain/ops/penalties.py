"""The penalty on the parameters, a part of the reported and differentiated cost. Knows nothing of layers or losses."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.fields import RARE, Flag, NonNegative
from nntrain.core.params import Params
from nntrain.core.types import Array


@dataclass(frozen=True, slots=True)
class Penalty:
    """l1 Σ|w| + l2/2 Σ w², over weights and not over biases.

    At w = 0 the subgradient of |w| is 0. ``biases`` counts biases like the weights of their layer; ``layers`` has a
    factor for each layer with weights, that of the scores last. With ``proximal`` the step of l1 is taken after that of
    the rest, w ← sign(w) max(0, |w| − ε l1), which gives exact zeros and is right after plain descent alone (Daubechies
    et al. 2004).
    """

    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
    biases: Flag = field(default=False, metadata=RARE)
    layers: tuple[NonNegative, ...] | None = field(default=None, metadata=RARE)
    proximal: Flag = field(default=False, metadata=RARE)

    __pydantic_config__ = {"extra": "forbid"}

    def __bool__(self) -> bool:
        return self.l1 > 0 or self.l2 > 0

    @property
    def smooth(self) -> bool:
        """Whether its gradient jumps nowhere."""
        return self.l1 == 0

    def problems(self) -> Sequence[tuple[tuple[str, ...], str]]:
        """Return what is wrong with the fields taken together."""
        return [(("proximal",), "is a way to take the step of l1, which is 0")] if self.proximal and not self.l1 else []

    def factors(self, params: Params) -> Array | None:
        """Return by what l1 and l2 are multiplied for each parameter, (P,); None: 1 for weights, 0 for the others."""
        if self.layers is None and not self.biases:
            return None
        found, place = np.zeros_like(params.theta), -1
        own = [(shapes, name) for shapes in params.shapes for name in shapes]
        for (shapes, name), (_, view) in zip(own, params.named(found), strict=True):
            place += shapes[name].weight  # weights come first in a layer
            if shapes[name].weight or (self.biases and any(shape.weight for shape in shapes.values())):
                view[...] = 1 if self.layers is None else self.layers[place]
        return found

    def value_of(self, params: Params) -> float:
        """Return the penalty of a network's present parameters."""
        factors = self.factors(params)
        return self.value(params.theta[: params.n_weights] if factors is None else params.theta, factors)

    def value(self, w: Array, factors: Array | None = None) -> float:
        """Return the penalty of the parameters ``w`` (P,), each with its factor or all with 1."""
        l1 = l2 = 0.0
        if self.l1:
            l1 = self.l1 * float(np.sum(np.abs(w)) if factors is None else np.vdot(np.abs(w), factors))
        if self.l2:
            l2 = self.l2 / 2 * float(np.vdot(w, w) if factors is None else np.vdot(w * w, factors))
        return l1 + l2

    def expression(self, name: str, factor: float = 1.0) -> str:
        """Return the penalty of an array of this name as a formula that ``nntrain.graph`` reads."""
        l1, l2 = f"{self.l1 * factor!r} * sum(abs({name}))", f"{self.l2 * factor / 2!r} * sum({name} ** 2)"
        return " + ".join(term for rate, term in ((self.l1 * factor, l1), (self.l2 * factor, l2)) if rate) or "0"

    def bind(self, do: Calls, w: Array, dw: Array, total: Array, scratch: Array, factors: Array | None = None) -> None:
        """Record ``dw += ∂penalty/∂w`` and ``total = penalty``; w, dw, scratch and factors (P,), total (2,).

        The gradient is without l1 where that has a step of its own.
        """
        if self.l1:
            do(np.abs, w, out=scratch)
            if factors is None:
                do(np.add.reduce, scratch, 0, None, total[0:1].reshape(()))
            else:
                do(np.dot, scratch, factors, out=total[0:1].reshape(()))
            do(np.multiply, total[0:1], self.l1, out=total[0:1])  # l1 Σ|w|
        if self.l1 and not self.proximal:
            do(np.sign, w, out=scratch)
            do(np.multiply, scratch, self.l1, out=scratch)
            _weigh(do, scratch, factors)
            do(np.add, dw, scratch, out=dw)  # dw += l1 sign(w)
        if self.l2 and factors is None:
            do(np.dot, w, w, out=total[1:2].reshape(()))
            do(np.multiply, total[1:2], self.l2 / 2, out=total[1:2])  # l2/2 Σ w²
            do(np.multiply, w, self.l2, out=scratch)
            do(np.add, dw, scratch, out=dw)  # dw += l2 w
        elif self.l2:
            do(np.multiply, w, factors, out=scratch)
            do(np.dot, w, scratch, out=total[1:2].reshape(()))
            do(np.multiply, total[1:2], self.l2 / 2, out=total[1:2])  # l2/2 Σ w²
            do(np.multiply, scratch, self.l2, out=scratch)
            do(np.add, dw, scratch, out=dw)  # dw += l2 w

    def shrink(self, do: Calls, w: Array, rate: Array, scratch: tuple[Array, Array], factors: Array | None) -> None:
        """Record w ← sign(w) max(0, |w| − ε l1), ε the 0-d ``rate``; w, the two scratches and factors (P,)."""
        size, threshold = scratch
        do(np.copyto, threshold, self.l1)
        do(np.multiply, threshold, rate, out=threshold)  # ε l1
        _weigh(do, threshold, factors)
        do(np.abs, w, out=size)
        do(np.subtract, size, threshold, out=size)
        do(np.maximum, size, 0.0, out=size)  # max(0, |w| − ε l1)
        do(np.copysign, size, w, out=w)
        do(np.add, w, 0.0, out=w)  # −0 becomes 0


def _weigh(do: Calls, vector: Array, factors: Array | None) -> None:
    if factors is not None:
        do(np.multiply, vector, factors, out=vector)
