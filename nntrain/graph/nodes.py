"""The graph itself: nodes in order of evaluation. Knows no values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy.typing as npt

from nntrain.graph.operations import PRODUCT, SUM, Operation

if TYPE_CHECKING:
    from nntrain.graph.trace import Trace


@dataclass(frozen=True, slots=True)
class Node:
    """A variable (no operation), a constant (no operation, a ``constant``) or an operation on earlier nodes.

    ``expression`` is written in the symbols of its inputs; ``varies`` tells whether it depends on a variable, so that
    it has a gradient; ``column`` is where it stands in the text (from 1).
    """

    index: int
    symbol: str
    expression: str
    operation: Operation | None = None
    inputs: tuple[int, ...] = ()
    constant: float | None = None
    varies: bool = True
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in order of evaluation, every input before its use; ``output`` is the index of the result."""

    nodes: tuple[Node, ...]
    output: int

    @property
    def variables(self) -> tuple[str, ...]:
        """Symbols of the variables, in order of appearance."""
        return tuple(node.symbol for node in self.nodes if node.operation is None and node.constant is None)

    def trace(self, values: Mapping[str, npt.ArrayLike]) -> "Trace":
        """Work the graph out forward and backward for these values of its variables."""
        from nntrain.graph.trace import trace

        return trace(self, values)

    def __str__(self) -> str:
        """Return the formula as text that ``parse`` reads back to an equal graph."""
        texts: list[str] = []
        for node in self.nodes:
            texts.append(written(node, [(self.nodes[i], texts[i]) for i in node.inputs]))
        return texts[self.output]


def written(node: Node, inputs: list[tuple[Node, str]]) -> str:
    """Return a node's formula around the texts of its inputs, with the brackets it needs."""
    operation = node.operation
    if operation is None:
        return node.symbol
    if not operation.infix:
        return f"{operation.sign}({', '.join(text for _, text in inputs)})"
    binding = operation.binding
    if operation.arity == 1:
        return operation.sign + _bracketed(*inputs[0], binding)
    (left, a), (right, b) = inputs
    tight = binding not in (SUM, PRODUCT)  # ** groups from the right
    return f"{_bracketed(left, a, binding + tight)} {operation.sign} {_bracketed(right, b, binding + (not tight))}"


def _bracketed(node: Node, text: str, least: int) -> str:
    return f"({text})" if binding_of(node) < least else text


def binding_of(node: Node) -> int:
    """Return how tightly a node's own text binds."""
    from nntrain.graph.operations import ATOM, SIGN

    if node.operation is not None:
        return node.operation.binding
    return SIGN if node.constant is not None and node.constant < 0 else ATOM
