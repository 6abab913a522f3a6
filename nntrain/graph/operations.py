"""What a node can do: one row an operation, with its value, its derivatives and the rule in words.

A derivative is written in the same grammar as any formula, in terms of the inputs ``a`` and ``b`` and the output ``y``.
It is the elementwise factor of the chain rule in denominator layout, ∂L/∂a = ∂L/∂y ⊙ factor, summed over the axes along
which ``a`` was repeated. Only the matrix product has none: its rule is ∂L/∂A = ∂L/∂Y Bᵀ and ∂L/∂B = Aᵀ ∂L/∂Y.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 6)  # how tightly an operation binds when it is written


@dataclass(frozen=True, slots=True)
class Operation:
    """A function of one or two arrays.

    ``sign`` stands between the inputs of an infix operation and is the name of any other; ``latex`` has places {a} and
    {b}. ``needs`` tells what a value that is not finite was lacking.
    """

    name: str
    sign: str
    evaluate: Callable[..., Any] = field(repr=False)
    derivatives: tuple[str, ...]
    rule: str
    latex: str
    binding: int = ATOM
    needs: str = "the result is too large"

    @property
    def arity(self) -> int:
        """Number of inputs."""
        return len(self.derivatives)

    @property
    def infix(self) -> bool:
        """Whether it is written between its inputs, or before its only one."""
        return self.binding < ATOM


def _sigmoid(a: Array) -> Array:
    e = np.exp(-np.abs(a))
    return np.asarray(np.where(a >= 0, 1, e) / (1 + e))


def _softplus(a: Array) -> Array:
    return np.asarray(np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))))


def _sum(a: Array) -> Array:
    return np.asarray(np.sum(a))


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.vdot(a, b))


def _step(a: Array) -> Array:
    return np.asarray(np.heaviside(a, a.dtype.type(0)))


def _call(name: str, arguments: str = "{a}") -> str:
    return rf"\operatorname{{{name}}}\left({arguments}\right)"


_ROWS = (
    Operation("add", "+", np.add, ("1", "1"), "add distributes: the gradient passes on to both inputs",
              "{a} + {b}", SUM),
    Operation("sub", "-", np.subtract, ("1", "-1"), "subtract distributes: the second input takes it with the sign "
              "turned", "{a} - {b}", SUM),
    Operation("mul", "*", np.multiply, ("b", "a"), "multiply switches: each input takes the gradient times the other",
              r"{a} \cdot {b}", PRODUCT),
    Operation("div", "/", np.divide, ("1 / b", "-y / b"), "quotient: times 1/b above, times −a/b² below",
              r"\frac{{{a}}}{{{b}}}", PRODUCT, "division by 0, or the result is too large"),
    Operation("matmul", "@", np.matmul, ("", ""), "matrix product: dA = dY Bᵀ, dB = Aᵀ dY", "{a} {b}", PRODUCT),
    Operation("neg", "-", np.negative, ("-1",), "negation turns the sign", "-{a}", SIGN),
    Operation("pow", "**", np.power, ("b * a ** (b - 1)", "y * log(a)"), "power: exponent down, then one less",
              "{a}^{{{b}}}", POWER, "a negative number needs a whole exponent, 0 a positive one"),
    Operation("exp", "exp", np.exp, ("y",), "exponential: its own value", "e^{{{a}}}", needs="the result is too large"),
    Operation("log", "log", np.log, ("1 / a",), "logarithm: one over its input", _call("log"),
              needs="the logarithm needs a number above 0"),
    Operation("sqrt", "sqrt", np.sqrt, ("1 / (2 * y)",), "square root: one over twice its value", r"\sqrt{{{a}}}",
              needs="the square root needs a number of at least 0"),
    Operation("abs", "abs", np.abs, ("sign(a)",), "absolute value: the sign of its input (0 at 0)",
              r"\left|{a}\right|"),
    Operation("sigmoid", "sigmoid", _sigmoid, ("y * (1 - y)",), "sigmoid: σ (1 − σ)", r"\sigma\left({a}\right)"),
    Operation("tanh", "tanh", np.tanh, ("1 - y ** 2",), "tanh: 1 − tanh²", r"\tanh\left({a}\right)"),
    Operation("relu", "relu", lambda a: np.maximum(a, 0), ("step(a)",), "relu: passes on above 0, stops at 0 and below",
              _call("relu")),
    Operation("softplus", "softplus", _softplus, ("sigmoid(a)",), "softplus: the sigmoid of its input",
              _call("softplus")),
    Operation("max", "max", np.maximum, ("1 - step(b - a)", "step(b - a)"),
              "max routes: the larger input takes it all, the first at a tie", _call("max", "{a}, {b}")),
    Operation("min", "min", np.minimum, ("1 - step(a - b)", "step(a - b)"),
              "min routes: the smaller input takes it all, the first at a tie", _call("min", "{a}, {b}")),
    Operation("sum", "sum", _sum, ("1",), "sum distributes: every entry takes the gradient", r"\sum {a}"),
    Operation("dot", "dot", _dot, ("b", "a"), "dot switches: each vector takes the gradient times the other",
              r"{a}^\top {b}"),
    Operation("sign", "sign", np.sign, ("0 * a",), "sign: flat, nothing passes", _call("sign")),
    Operation("step", "step", _step, ("0 * a",), "step: flat, nothing passes", _call("step")),
)  # fmt: skip

OPERATIONS = {row.name: row for row in _ROWS}
FUNCTIONS = {name: row for name, row in OPERATIONS.items() if not row.infix or name in ("matmul", "neg")}
