"""The table of operations: each row has the value, the derivatives, and the rule in words. Knows nothing of graphs.

A derivative is a formula of the inputs ``a`` and ``b`` and the output ``y``. It is the elementwise factor of the chain
rule in denominator layout, ∂L/∂a = ∂L/∂y ⊙ factor, summed where ``a`` was broadcast. Three operations have rules of
their own: the matrix product, dA = dY Bᵀ and dB = Aᵀ dY, the softmax, and taking a part of a vector.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 6)  # how tightly an operation binds when it is written


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain rule that is not an elementwise product.

    ``local(position, inputs)`` is the local derivative and ``pull(position, inputs, upstream)`` the gradient of that
    input; ``forms`` has the formula of the gradient for each input, with ``g`` as the upstream gradient. For second
    derivatives ``push(inputs, moves)`` is how the value moves when the inputs do, and
    ``turn(position, inputs, moves, upstream)`` how the gradient of an input does at a constant upstream gradient.
    """

    local: Callable[[int, Sequence[Array]], Array] = field(repr=False)
    pull: Callable[[int, Sequence[Array], Array], Array] = field(repr=False)
    forms: tuple[str, ...]
    push: Callable[[Sequence[Array], Sequence[Array]], Array] = field(repr=False)
    turn: Callable[[int, Sequence[Array], Sequence[Array], Array], Array] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """A function of one to three arrays.

    ``sign`` is written between the inputs of an infix operation and is the name of any other; ``latex`` has the fields
    {a}, {b} and {c}. ``needs`` says what inputs must be, ``switch`` is the formula whose zeros are the kinks, and
    ``powers`` returns the derivative by ``a`` for a given number b.
    """

    name: str
    sign: str
    evaluate: Callable[..., Any] = field(repr=False)
    derivatives: tuple[str, ...]
    rule: str
    latex: str
    binding: int = ATOM
    needs: str = ""
    switch: str = ""
    powers: Callable[[float], str] | None = field(default=None, repr=False)
    chain: Chain | None = None
    joins: bool = False  # whether entries of one array are combined, so that it is not elementwise
    arguments: int | None = None  # number of inputs, if some have no derivative

    @property
    def arity(self) -> int:
        """Number of inputs."""
        return self.arguments or len(self.derivatives)

    @property
    def infix(self) -> bool:
        """Whether it is written between its inputs, or before its only one."""
        return self.binding < ATOM


def _sigmoid(a: Array) -> Array:
    e = np.exp(-np.abs(a))
    return np.asarray(np.where(a >= 0, 1, e) / (1 + e))


def _softplus(a: Array) -> Array:
    return np.asarray(np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))))


def _step(a: Array) -> Array:
    return np.asarray(np.heaviside(a, a.dtype.type(0)))


def _logsumexp(a: Array) -> Array:
    top = np.max(_vector(a))
    return np.asarray(top + np.log(np.sum(np.exp(a - top))))


def _softmax(a: Array) -> Array:
    e = np.exp(a - np.max(_vector(a)))
    return np.asarray(e / np.sum(e))


def _vector(a: Array) -> Array:
    if a.ndim != 1:
        raise ValueError
    return a


def _power_rule(n: float) -> str:
    """Return the derivative of a ** n for a number n."""
    short = {0.0: "0", 1.0: "1", 2.0: "2 * a"}
    return short.get(n) or f"{number_text(n)} * a ** {number_text(n - 1)}"


def number_text(value: float) -> str:
    """Return the shortest text that is read back as the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else repr(value)


def _other(position: int, inputs: Sequence[Array]) -> Array:
    return inputs[1 - position].T


def _through_product(position: int, inputs: Sequence[Array], upstream: Array) -> Array:
    a, b = inputs
    a, b = a if a.ndim == 2 else a[None, :], b if b.ndim == 2 else b[:, None]
    d = upstream.reshape(len(a), b.shape[1])
    return np.asarray((d @ b.T, a.T @ d)[position].reshape(inputs[position].shape))


def _jacobian(position: int, inputs: Sequence[Array]) -> Array:
    y = _softmax(inputs[0])
    return np.asarray(np.diag(y) - np.outer(y, y))


def _through_softmax(position: int, inputs: Sequence[Array], upstream: Array) -> Array:
    y = _softmax(inputs[0])
    return np.asarray(y * (upstream - np.dot(y, upstream)))


def _push_product(inputs: Sequence[Array], moves: Sequence[Array]) -> Array:
    return np.asarray(moves[0] @ inputs[1] + inputs[0] @ moves[1])


def _turn_product(position: int, inputs: Sequence[Array], moves: Sequence[Array], upstream: Array) -> Array:
    return _through_product(position, moves, upstream)  # linear in the other input alone


def _push_softmax(inputs: Sequence[Array], moves: Sequence[Array]) -> Array:
    return _through_softmax(0, inputs, moves[0])  # the matrix diag(y) − y yᵀ is symmetric


def _turn_softmax(position: int, inputs: Sequence[Array], moves: Sequence[Array], upstream: Array) -> Array:
    y, dy = _softmax(inputs[0]), _push_softmax(inputs, moves)
    return np.asarray(dy * (upstream - np.dot(y, upstream)) - y * np.dot(dy, upstream))


def _part(a: Array, index: Array, count: Array) -> Array:
    number, parts = float(index), float(count)
    if a.ndim != 1 or not 1 <= number <= parts or number % 1 or parts % 1 or len(a) % parts:
        raise ValueError
    return np.asarray(a.reshape(int(parts), -1)[int(number) - 1])


def _part_mask(position: int, inputs: Sequence[Array]) -> Array:
    a, index, count = inputs
    return np.asarray((np.arange(len(a)) // (len(a) // int(count)) == int(index) - 1).astype(a.dtype))


def _through_part(position: int, inputs: Sequence[Array], upstream: Array) -> Array:
    return np.asarray(np.tile(upstream, int(inputs[2])) * _part_mask(position, inputs))


def _push_part(inputs: Sequence[Array], moves: Sequence[Array]) -> Array:
    return _part(moves[0], inputs[1], inputs[2])


def _turn_part(position: int, inputs: Sequence[Array], moves: Sequence[Array], upstream: Array) -> Array:
    return np.zeros_like(inputs[0])


def _call(name: str, arguments: str = "{a}") -> str:
    return rf"\operatorname{{{{{name}}}}}\left({arguments}\right)"


_PRODUCT = Chain(_other, _through_product, ("g {b}ᵀ", "{a}ᵀ g"), _push_product, _turn_product)
_SOFTMAX = Chain(_jacobian, _through_softmax, ("(diag({y}) - {y} {y}ᵀ) g",), _push_softmax, _turn_softmax)
_PART = Chain(_part_mask, _through_part, ("g, and 0 elsewhere",), _push_part, _turn_part)
_TAKES_ALL = "takes the whole gradient, the first at a tie"

_ROWS = (
    Operation("add", "+", np.add, ("1", "1"), "add distributes: both inputs take the gradient as it is",
              "{a} + {b}", SUM),
    Operation("sub", "-", np.subtract, ("1", "-1"), "subtract distributes, to the second input with the sign turned",
              "{a} - {b}", SUM),
    Operation("mul", "*", np.multiply, ("b", "a"), "multiply switches: each input takes the gradient times the other",
              r"{a} \cdot {b}", PRODUCT),
    Operation("div", "/", np.divide, ("1 / b", "-y / b"), "divide: times 1/b for the upper, −(a/b)/b for the lower",
              r"\frac{{{a}}}{{{b}}}", PRODUCT, "a divisor other than 0"),
    Operation("matmul", "@", np.matmul, ("{b}ᵀ", "{a}ᵀ"), "matrix product: the gradient times the other, transposed",
              "{a} {b}", PRODUCT, chain=_PRODUCT, joins=True),
    Operation("neg", "-", np.negative, ("-1",), "negate turns the sign", "-{a}", SIGN),
    Operation("pow", "**", np.power, ("b * a ** (b - 1)", "y * log(a)"), "power: times the exponent, one power less",
              "{a}^{{{b}}}", POWER, "a whole exponent below 0, a positive one at 0", powers=_power_rule),
    Operation("exp", "exp", np.exp, ("y",), "exp: times its own value", "e^{{{a}}}"),
    Operation("log", "log", np.log, ("1 / a",), "log: times one over its input", _call("log"),
              needs="a number above 0"),
    Operation("sqrt", "sqrt", np.sqrt, ("1 / (2 * y)",), "sqrt: times one over twice its value", r"\sqrt{{{a}}}",
              needs="a number of at least 0"),
    Operation("abs", "abs", np.abs, ("sign(a)",), "abs: times the sign of its input, 0 at 0", r"\left|{a}\right|",
              switch="a"),
    Operation("sigmoid", "sigmoid", _sigmoid, ("y * (1 - y)",), "sigmoid: times σ (1 − σ)",
              r"\sigma\left({a}\right)"),
    Operation("tanh", "tanh", np.tanh, ("1 - y ** 2",), "tanh: times 1 − tanh²", r"\tanh\left({a}\right)"),
    Operation("relu", "relu", lambda a: np.maximum(a, 0), ("step(a)",), "relu: passes on above 0, stops at 0 and below",
              _call("relu"), switch="a"),
    Operation("softplus", "softplus", _softplus, ("sigmoid(a)",), "softplus: times the sigmoid of its input",
              _call("softplus")),
    Operation("max", "max", np.maximum, ("1 - step(b - a)", "step(b - a)"), f"max routes: the larger {_TAKES_ALL}",
              _call("max", "{a}, {b}"), switch="a - b"),
    Operation("min", "min", np.minimum, ("1 - step(a - b)", "step(a - b)"), f"min routes: the smaller {_TAKES_ALL}",
              _call("min", "{a}, {b}"), switch="a - b"),
    Operation("sum", "sum", lambda a: np.asarray(np.sum(a)), ("1",), "sum distributes: every entry takes the gradient",
              r"\sum {a}", joins=True),
    Operation("dot", "dot", lambda a, b: np.asarray(np.vdot(a, b)), ("b", "a"),
              "dot switches: each input takes the gradient times the other", r"{a}^\top {b}", joins=True),
    Operation("logsumexp", "logsumexp", _logsumexp, ("softmax(a)",), "logsumexp: times the softmax of its input",
              r"\log\sum e^{{{a}}}", needs="a vector", joins=True),
    Operation("softmax", "softmax", _softmax, ("diag({y}) - {y} {y}ᵀ",), "softmax: times the matrix diag(p) − p pᵀ",
              _call("softmax"), needs="a vector", chain=_SOFTMAX, joins=True),
    Operation("sign", "sign", np.sign, ("0",), "sign: flat, nothing passes", _call("sign"), switch="a"),
    Operation("step", "step", _step, ("0",), "step: flat, nothing passes", _call("step"), switch="a"),
    Operation("part", "part", _part, ("1 where taken",), "part: its entries take the gradient, the others none",
              _call("part", "{a}, {b}, {c}"), needs="(vector, i, k) for the i-th of k equal parts", chain=_PART,
              joins=True, arguments=3),
)  # fmt: skip

OPERATIONS = {row.name: row for row in _ROWS}
SIGNS = {row.sign: name for name, row in OPERATIONS.items() if row.infix and row.arity == 2}
FUNCTIONS = {name: row for name, row in OPERATIONS.items() if name in ("matmul", "neg") or not row.infix}
VARIADIC = (OPERATIONS["max"], OPERATIONS["min"])  # take any number of inputs, which are combined in pairs
