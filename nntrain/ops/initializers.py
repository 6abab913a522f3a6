"""Initialisers: the weights a layer starts from.

Knows fans and shapes, not layers or activations: the layer says whether it feeds a rectifying unit. Numbers are drawn
in float64 and cast, so a float32 and a float64 run with one seed start from the same draw.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from nntrain.core.fields import RARE, NonNegative, Positive, Real
from nntrain.core.registry import Registry
from nntrain.core.types import Array


@dataclass(frozen=True, slots=True)
class Initializer(ABC):
    """How to fill a weight matrix W (out, in) and its biases b (out,) before the first step: b ~ N(bias, bias_std²)."""

    kind: str
    bias: Real = field(default=0.0, metadata=RARE)
    bias_std: NonNegative = field(default=0.0, metadata=RARE)

    formula: ClassVar[str]

    @abstractmethod
    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Write the initial values into ``W`` in place, whatever its shape and float dtype.

        ``fan_in`` and ``fan_out`` count the inputs and the outputs of one unit's linear map (at least 1 each);
        ``rectified`` says that the layer feeds a ReLU-like unit, which passes on half of the variance.
        """

    def fill_bias(self, b: Array, rng: np.random.Generator, *, fan_in: int) -> None:
        """Write the initial biases into ``b`` in place; nothing is drawn where all are equal."""
        b[...] = rng.normal(self.bias, self.bias_std, b.shape) if self.bias_std else self.bias


INITIALIZERS: Registry[Initializer] = Registry("initializers", "initializer")


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class Auto(Initializer):
    """He normal in front of the ReLU family, Glorot uniform otherwise.

    (He et al. 2015), (Glorot & Bengio 2010).
    """

    kind: Literal["auto"] = "auto"
    formula: ClassVar[str] = "he_normal if the unit rectifies, else glorot_uniform"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Fill as one of the two would."""
        chosen = HeNormal() if rectified else GlorotUniform()
        chosen.fill(W, rng, fan_in=fan_in, fan_out=fan_out, rectified=rectified)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class HeNormal(Initializer):
    """Normal, keeps the variance of the signal through ReLU layers (He et al. 2015)."""

    kind: Literal["he_normal"] = "he_normal"
    formula: ClassVar[str] = "W ~ N(0, 2 / fan_in)"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw with standard deviation √(2 / fan_in)."""
        W[...] = rng.normal(0.0, math.sqrt(2.0 / fan_in), W.shape)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class HeUniform(Initializer):
    """Uniform with the variance of he_normal (He et al. 2015)."""

    kind: Literal["he_uniform"] = "he_uniform"
    formula: ClassVar[str] = "W ~ U(-r, r), r = √(6 / fan_in)"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw between ±√(6 / fan_in)."""
        _symmetric(W, rng, math.sqrt(6.0 / fan_in))


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class GlorotNormal(Initializer):
    """Normal, balances the variances of signal and gradient in tanh and sigmoid layers (Glorot & Bengio 2010)."""

    kind: Literal["glorot_normal"] = "glorot_normal"
    formula: ClassVar[str] = "W ~ N(0, 2 / (fan_in + fan_out))"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw with standard deviation √(2 / (fan_in + fan_out))."""
        W[...] = rng.normal(0.0, math.sqrt(2.0 / (fan_in + fan_out)), W.shape)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class GlorotUniform(Initializer):
    """Uniform with the variance of glorot_normal (Glorot & Bengio 2010)."""

    kind: Literal["glorot_uniform"] = "glorot_uniform"
    formula: ClassVar[str] = "W ~ U(-r, r), r = √(6 / (fan_in + fan_out))"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw between ±√(6 / (fan_in + fan_out))."""
        _symmetric(W, rng, math.sqrt(6.0 / (fan_in + fan_out)))


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class LecunNormal(Initializer):
    """Normal, keeps the variance of the signal through linear layers (LeCun et al. 1998)."""

    kind: Literal["lecun_normal"] = "lecun_normal"
    formula: ClassVar[str] = "W ~ N(0, 1 / fan_in)"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw with standard deviation √(1 / fan_in)."""
        W[...] = rng.normal(0.0, math.sqrt(1.0 / fan_in), W.shape)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class Normal(Initializer):
    """Normal with a given standard deviation, whatever the fans."""

    kind: Literal["normal"] = "normal"
    std: Positive = 0.01
    formula: ClassVar[str] = "W ~ N(0, std²)"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw with standard deviation ``std``."""
        W[...] = rng.normal(0.0, self.std, W.shape)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class Uniform(Initializer):
    """Uniform between ±limit, whatever the fans."""

    kind: Literal["uniform"] = "uniform"
    limit: Positive = 0.05
    formula: ClassVar[str] = "W ~ U(-limit, limit)"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw between ±``limit``."""
        _symmetric(W, rng, self.limit)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class TruncatedNormal(Initializer):
    """Normal of which what lies beyond two deviations is drawn again, so that the deviation is 0.88 std."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    std: Positive = 0.05
    formula: ClassVar[str] = "W ~ N(0, std²) given |W| ≤ 2 std"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw with standard deviation ``std``, and again what is too far out."""
        drawn = rng.normal(0.0, 1.0, W.shape)
        while (far := np.abs(drawn) > 2).any():
            drawn[far] = rng.normal(0.0, 1.0, np.count_nonzero(far))
        W[...] = self.std * drawn


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class Orthogonal(Initializer):
    """Rows (or columns, if there are fewer) at right angles and of length ``gain`` (Saxe et al. 2014)."""

    kind: Literal["orthogonal"] = "orthogonal"
    gain: Positive = 1.0
    formula: ClassVar[str] = "W Wᵀ = gain² I  or  Wᵀ W = gain² I"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Take the Q of A = QR for a normal A, with the signs that make every such W equally likely."""
        rows, columns = len(W), W.size // len(W)
        Q, R = np.linalg.qr(rng.normal(0.0, 1.0, (max(rows, columns), min(rows, columns))))
        Q *= np.copysign(1.0, np.diag(R))
        W[...] = self.gain * (Q if rows >= columns else Q.T).reshape(W.shape)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class TorchLinear(Initializer):
    """Weights and biases as ``torch.nn.Linear`` draws them; ``bias`` and ``bias_std`` are added to these biases."""

    kind: Literal["torch_linear"] = "torch_linear"
    formula: ClassVar[str] = "W, b ~ U(-r, r), r = 1 / √fan_in"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Draw between ±1 / √fan_in."""
        _symmetric(W, rng, 1 / math.sqrt(fan_in))

    def fill_bias(self, b: Array, rng: np.random.Generator, *, fan_in: int) -> None:
        Initializer.fill_bias(self, b, rng, fan_in=fan_in)
        b += rng.uniform(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), b.shape)


@INITIALIZERS.register
@dataclass(frozen=True, slots=True)
class Zeros(Initializer):
    """All zero: right for softmax, linear and SVM models; hidden units would stay equal for ever."""

    kind: Literal["zeros"] = "zeros"
    formula: ClassVar[str] = "W = 0"

    def fill(self, W: Array, rng: np.random.Generator, *, fan_in: int, fan_out: int, rectified: bool) -> None:
        """Write zeros and draw nothing."""
        W[...] = 0.0


def _symmetric(W: Array, rng: np.random.Generator, limit: float) -> None:
    W[...] = rng.uniform(-limit, limit, W.shape)
