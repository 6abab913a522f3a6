"""Derivatives as formulas: of an operation by one of its inputs, and of an elementwise formula.

Knows nothing of values.
"""

import re
from functools import cache

from nntrain.graph.builder import Builder
from nntrain.graph.fault import FormulaError
from nntrain.graph.grammar import parse
from nntrain.graph.nodes import Graph, Node
from nntrain.graph.operations import Operation

INPUTS = "abc"


def rule_of(graph: Graph, node: Node, position: int) -> Graph:
    """Return ∂node/∂input as a formula of the inputs a, b and the output y, where the rule is elementwise."""
    operation = operation_of(node)
    exponent = graph.nodes[node.inputs[-1]].constant if operation.powers and position == 0 else None
    return _rule(operation, position, exponent)


@cache
def _rule(operation: Operation, position: int, exponent: float | None) -> Graph:
    if operation.powers and exponent is not None:
        return parse(operation.powers(exponent))
    return parse(operation.derivatives[position])


def rule_in_words(graph: Graph, node: Node, position: int) -> tuple[str, str]:
    """Return ∂node/∂input, and the chain rule with the upstream gradient g, in the symbols of the graph."""
    operation = operation_of(node)
    symbols = dict(zip(INPUTS, (graph.nodes[i].symbol for i in node.inputs), strict=False)) | {"y": node.symbol}
    if operation.chain:
        return operation.derivatives[position].format(**symbols), operation.chain.forms[position].format(**symbols)
    rule = rule_of(graph, node, position)
    text = re.sub(r"\b[aby]\b", lambda name: symbols[name[0]], str(rule))
    last = rule.nodes[rule.output].operation
    factor = f"({text})" if last and last.infix else text
    return text, {"1": "g", "-1": "-g", "0": "0"}.get(text, f"g * {factor}")


def operation_of(node: Node) -> Operation:
    """Return the operation of a node; ValueError for a variable or a number."""
    if node.operation is None:
        raise ValueError(f"{node.symbol}: not an operation")
    return node.operation


def with_slope(graph: Graph) -> tuple[Graph, int]:
    """Return the graph of f′ for an elementwise formula f of one variable, and the index of f in that graph.

    Nodes that both need are shared. Raises ``FormulaError`` for an operation that is not elementwise.
    """
    builder = Builder()
    place = builder.insert_all(graph, {})
    slopes = {graph.output: builder.constant(1)}
    for node in reversed(graph.nodes):
        if node.operation is None or not node.varies:
            continue
        if node.operation.joins:
            raise FormulaError(f"{node.operation.name} is not elementwise", node.column)
        for position, source in enumerate(node.inputs):
            if graph.nodes[source].varies:
                named = dict(zip(INPUTS, (place[i] for i in node.inputs), strict=False)) | {"y": place[node.index]}
                local = builder.insert(rule_of(graph, node, position), named)
                slopes[source] = _sum(builder, slopes.get(source), _product(builder, slopes[node.index], local))
    slope = slopes.get(0)
    return _build_pair(builder, builder.constant(0) if slope is None else slope, place[graph.output])


def _build_pair(builder: Builder, slope: int, value: int) -> tuple[Graph, int]:
    graph, (_, at) = builder.build_several((slope, value))
    return graph, at


def _product(builder: Builder, a: int, b: int) -> int:
    """Return a · b, simplified if one of them is 0, 1 or −1."""
    for one, other in ((a, b), (b, a)):
        number = builder.constant_of(one)
        if number == 0:
            return one
        if number == 1:
            return other
        if number == -1:
            return builder.apply("neg", other)
    return builder.apply("mul", a, b)


def _sum(builder: Builder, a: int | None, b: int) -> int:
    """Return a + b, simplified if one of them is missing or 0."""
    if a is None or builder.constant_of(a) == 0:
        return b
    return a if builder.constant_of(b) == 0 else builder.apply("add", a, b)
