"""Builds a graph node by node; equal expressions become one node."""

from dataclasses import replace

from nntrain.graph.fault import FormulaError
from nntrain.graph.nodes import Graph, Node, written
from nntrain.graph.operations import OPERATIONS

MOST_NODES = 1000


class Builder:
    """Collects nodes; ``apply`` takes the names of operations and the indices of earlier nodes."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._known: dict[object, int] = {}

    def variable(self, symbol: str, column: int | None = None) -> int:
        """Return the node of a variable, a new one at its first mention."""
        return self._entered(("variable", symbol), Node(len(self._nodes), symbol, symbol, column=column))

    def constant(self, value: float, column: int | None = None) -> int:
        """Return the node of a number."""
        text = number_text(value)
        node = Node(len(self._nodes), text, text, constant=value, varies=False, column=column)
        return self._entered(("constant", text), node)

    def apply(self, name: str, *inputs: int, symbol: str = "", column: int | None = None) -> int:
        """Return the node of an operation on earlier nodes; without a ``symbol`` it is named when built."""
        operation = OPERATIONS[name]
        if len(inputs) != operation.arity:
            raise ValueError(f"{name}: takes {operation.arity} inputs, got {len(inputs)}")
        varies = any(self._nodes[i].varies for i in inputs)
        node = Node(len(self._nodes), symbol, "", operation, inputs, varies=varies, column=column)
        return self._entered((name, inputs), node)

    def _entered(self, key: object, node: Node) -> int:
        if key not in self._known:
            if len(self._nodes) == MOST_NODES:
                raise FormulaError(f"more than {MOST_NODES} nodes", node.column)
            self._known[key] = node.index
            self._nodes.append(node)
        return self._known[key]

    def build(self, output: int, symbol: str = "f") -> Graph:
        """Return the graph that ends in ``output``: variables first, then numbers and operations as they are needed."""
        order = sorted(self._nodes, key=lambda node: (not self._is_variable(node), node.index))
        place = {node.index: new for new, node in enumerate(order)}
        taken = {node.symbol for node in order}
        names = (name for i in range(1, len(order) + 1) if (name := f"q{i}") not in taken)
        nodes: list[Node] = []
        for node in order:
            inputs = tuple(place[i] for i in node.inputs)
            ends = node.index == output and symbol not in taken
            own = node.symbol or (symbol if ends else next(names))
            moved = replace(node, index=len(nodes), symbol=own, inputs=inputs)
            text = written(moved, [(replace(nodes[i], operation=None), nodes[i].symbol) for i in inputs])
            nodes.append(moved if node.operation is None else replace(moved, expression=text))
        return Graph(tuple(nodes), place[output])

    @staticmethod
    def _is_variable(node: Node) -> bool:
        return node.operation is None and node.constant is None


def number_text(value: float) -> str:
    """Return a number as short as it can be read back."""
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else repr(value)
