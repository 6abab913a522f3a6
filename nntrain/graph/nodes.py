"""The graph: nodes in order of evaluation. Knows nothing of values."""

from dataclasses import dataclass, field

from nntrain.graph.operations import ATOM, PRODUCT, SIGN, SUM, VARIADIC, Operation


@dataclass(frozen=True, slots=True)
class Node:
    """A variable (neither operation nor constant), a number (``constant``), or an operation on earlier nodes.

    ``expression`` is written in the symbols of its inputs; ``varies`` says whether it depends on a variable and
    so has a gradient; ``column`` is its place in the text (from 1).
    """

    index: int
    symbol: str
    expression: str
    operation: Operation | None = None
    inputs: tuple[int, ...] = ()
    constant: float | None = None
    varies: bool = True
    column: int | None = field(default=None, compare=False)

    @property
    def is_variable(self) -> bool:
        """Whether its value is given from outside."""
        return self.operation is None and self.constant is None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in order of evaluation, variables first, every input before its use; ``output`` is the result's index."""

    nodes: tuple[Node, ...]
    output: int

    @property
    def variables(self) -> tuple[str, ...]:
        """Symbols of the variables, in order of appearance."""
        return tuple(node.symbol for node in self.nodes if node.is_variable)

    def __str__(self) -> str:
        """Return the formula as text that ``parse`` reads back to an equal graph."""
        texts: list[str] = []
        for node in self.nodes:
            texts.append(write_node(node, [(self.nodes[i], texts[i]) for i in node.inputs]))
        return texts[self.output]


def write_node(node: Node, inputs: list[tuple[Node, str]]) -> str:
    """Return the formula of a node from the texts of its inputs, with the brackets that are needed."""
    operation = node.operation
    if operation is None:
        return node.symbol
    if not operation.infix:
        first, text = inputs[0]
        nested = operation in VARIADIC and first.operation == operation
        opened = text.removesuffix(")") if nested else f"{operation.sign}({text}"
        return ", ".join([opened, *(text for _, text in inputs[1:])]) + ")"
    binding = operation.binding
    if operation.arity == 1:
        return operation.sign + _bracket(*inputs[0], binding)
    left, right = (binding, binding + 1) if binding in (SUM, PRODUCT) else (ATOM, SIGN)  # ** is right-associative
    return f"{_bracket(*inputs[0], left)} {operation.sign} {_bracket(*inputs[1], right)}"


def _bracket(node: Node, text: str, least: int) -> str:
    own = node.operation.binding if node.operation else SIGN if (node.constant or 0) < 0 else ATOM
    return f"({text})" if own < least else text
