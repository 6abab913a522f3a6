"""Builds a graph node by node; equal expressions become one node. Knows nothing of values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nntrain.graph.fault import FormulaError
from nntrain.graph.nodes import Graph, Node, write_node
from nntrain.graph.operations import OPERATIONS, number_text

MOST_NODES = 1000


class Builder:
    """Collects nodes. Each method returns the index of a node; an equal node that exists already is used again.

    Indices are valid while building; ``build`` moves the variables to the front.
    """

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._known: dict[object, int] = {}

    def variable(self, symbol: str, column: int | None = None) -> int:
        """Return the node of a variable."""
        return self._enter(symbol, Node(len(self._nodes), symbol, symbol, column=column))

    def constant(self, value: float, column: int | None = None) -> int:
        """Return the node of a number."""
        text = number_text(value)
        return self._enter(value, Node(len(self._nodes), text, text, constant=value, varies=False, column=column))

    def apply(self, name: str, *inputs: int, symbol: str = "", column: int | None = None) -> int:
        """Return the node of an operation on nodes; without a ``symbol``, it is given one by ``build``."""
        operation = OPERATIONS[name]
        if len(inputs) != operation.arity:
            raise ValueError(f"{name}: takes {operation.arity} inputs, got {len(inputs)}")
        negated = self._nodes[inputs[0]].constant if name == "neg" else None
        if negated is not None:
            return self.constant(-negated, column)  # -3 is a number, not an operation
        varies = any(self._nodes[i].varies for i in inputs)
        node = Node(len(self._nodes), symbol, "", operation, inputs, varies=varies, column=column)
        return self._enter((name, inputs), node)

    def insert(self, graph: Graph, given: Mapping[str, int], symbol: str = "") -> int:
        """Copy a graph, with the ``given`` nodes in place of its variables; return the node of its output.

        A variable that is not given remains a variable; ``symbol`` is the name of the output.
        """
        return self.insert_all(graph, given, symbol)[graph.output]

    def insert_all(self, graph: Graph, given: Mapping[str, int], symbol: str = "") -> list[int]:
        """Copy a graph as ``insert`` does; return the new index of each of its nodes."""
        place: list[int] = []
        for node in graph.nodes:
            name = symbol if node.index == graph.output else ""
            if node.operation is not None:
                place.append(self.apply(node.operation.name, *(place[i] for i in node.inputs), symbol=name))
            elif node.constant is not None:
                place.append(self.constant(node.constant))
            else:
                place.append(given[node.symbol] if node.symbol in given else self.variable(node.symbol))
        return place

    def constant_of(self, index: int) -> float | None:
        """Return the number of a constant node, or None for any other node."""
        return self._nodes[index].constant

    def build(self, output: int, symbol: str = "f") -> Graph:
        """Return the graph of ``output`` and all it needs; the output is named ``symbol`` if it has no name."""
        return self.build_several((output,), symbol)[0]

    def build_several(self, outputs: Sequence[int], symbol: str = "f") -> tuple[Graph, tuple[int, ...]]:
        """Return the graph of all that ``outputs`` need, with the first as its output, and their indices in it."""
        order = sorted(self._find_needed(outputs), key=lambda node: not node.is_variable)
        place = {node.index: new for new, node in enumerate(order)}
        taken = {node.symbol for node in order}
        last = symbol if symbol not in taken else ""
        spare = (name for i in range(1, 2 * len(order) + 2) if (name := f"q{i}") not in taken | {last})
        nodes: list[Node] = []
        for node in order:
            own = node.symbol or (last if node.index == outputs[0] else "") or next(spare)
            moved = replace(node, index=len(nodes), symbol=own, inputs=tuple(place[i] for i in node.inputs))
            inputs = [(replace(nodes[i], operation=None), nodes[i].symbol) for i in moved.inputs]
            nodes.append(replace(moved, expression=write_node(moved, inputs)))
        places = tuple(place[i] for i in outputs)
        return Graph(tuple(nodes), places[0]), places

    def _find_needed(self, outputs: Sequence[int]) -> list[Node]:
        needed = set(outputs)
        for node in reversed(self._nodes):
            if node.index in needed:
                needed.update(node.inputs)
        return [node for node in self._nodes if node.index in needed]

    def _enter(self, key: object, node: Node) -> int:
        if key not in self._known:
            if len(self._nodes) == MOST_NODES:
                raise FormulaError(f"more than {MOST_NODES} nodes", node.column)
            self._known[key] = node.index
            self._nodes.append(node)
        return self._known[key]
