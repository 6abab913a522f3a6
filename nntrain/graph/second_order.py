"""Exact second derivatives: how the gradient of a graph moves when its variables do, forward over reverse.

The change of each value along a direction goes forward through the graph, and the change of each gradient back
(Pearlmutter 1994). Knows nothing of formulas as text.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nntrain.graph.forward import evaluate_unchecked
from nntrain.graph.nodes import Graph, Node
from nntrain.graph.operations import Array
from nntrain.graph.rules import INPUTS, operation_of, rule_of
from nntrain.graph.trace import Trace, local_slope, sum_to_shape


def gradient_along(trace: Trace, moves: Mapping[str, Array]) -> dict[str, Array]:
    """Return how the gradient of every variable changes along a direction, ``moves`` being that of some variables.

    This is the Hessian of the output, or of the sum of its entries, times the direction.
    """
    graph, values = trace.graph, trace.values
    given = [
        np.broadcast_to(moves.get(node.symbol, np.zeros(())), values[node.index].shape) if node.is_variable else None
        for node in graph.nodes
    ]
    with np.errstate(all="ignore"):
        moved = push_forward(graph, values, given)
        turned = [np.zeros_like(value) for value in values]
        for node in reversed(graph.nodes):
            for position, source in enumerate(node.inputs):
                if graph.nodes[source].varies:
                    change = _turn_edge(trace, moved, turned[node.index], node, position)
                    turned[source] = turned[source] + change
    return {node.symbol: turned[node.index] for node in graph.nodes if node.is_variable}


def push_forward(graph: Graph, values: Sequence[Array], given: Sequence[Array | None]) -> list[Array]:
    """Return how every value moves when the variables move as ``given``; constants do not."""
    moved: list[Array] = []
    for node in graph.nodes:
        own = given[node.index] if node.is_variable else None
        if own is not None:
            moved.append(np.asarray(own, np.float64))
        elif node.operation is None or not node.varies:
            moved.append(np.zeros_like(np.asarray(values[node.index], np.float64)))
        else:
            moved.append(_push_node(graph, values, moved, node))
    return moved


def _push_node(graph: Graph, values: Sequence[Array], moved: Sequence[Array], node: Node) -> Array:
    operation, inputs = operation_of(node), [values[i] for i in node.inputs]
    if operation.chain:
        return operation.chain.push(inputs, [moved[i] for i in node.inputs])
    total = np.zeros_like(np.asarray(values[node.index], np.float64))
    for position, source in enumerate(node.inputs):
        if graph.nodes[source].varies:
            share = local_slope(graph, node, position, [*inputs, values[node.index]]) * moved[source]
            total = total + (np.sum(share) if operation.joins else share)  # entries that an operation joins add up
    return np.asarray(total)


def _turn_edge(trace: Trace, moved: Sequence[Array], turned: Array, node: Node, position: int) -> Array:
    """Return how what a node hands back to an input changes, ``turned`` being the change of its own gradient."""
    graph, values, operation = trace.graph, trace.values, operation_of(node)
    inputs, upstream = [values[i] for i in node.inputs], trace.gradients[node.index]
    shape = values[node.inputs[position]].shape
    if operation.chain:
        moves = [moved[i] for i in node.inputs]
        turn = operation.chain.turn(position, inputs, moves, upstream)
        return np.asarray(operation.chain.pull(position, inputs, turned) + turn)
    arrays = [*inputs, values[node.index]]
    slope = local_slope(graph, node, position, arrays)
    bend = _move_of_slope(graph, node, position, arrays, [*(moved[i] for i in node.inputs), moved[node.index]])
    return sum_to_shape(np.asarray(turned * slope + upstream * bend), shape)  # d(g s) = dg s + g ds


def _move_of_slope(graph: Graph, node: Node, position: int, arrays: Sequence[Array], moves: Sequence[Array]) -> Array:
    """Return how the local derivative moves, from the inputs of a node and its value, and how these move."""
    rule = rule_of(graph, node, position)
    (*inputs, output), (*input_moves, output_move) = arrays, moves
    named = dict(zip(INPUTS, inputs, strict=False)) | {"y": output}
    named_moves = dict(zip(INPUTS, input_moves, strict=False)) | {"y": output_move}
    given = [named[step.symbol] if step.is_variable else np.zeros(0) for step in rule.nodes]
    values = evaluate_unchecked(rule, given)
    moved = [named_moves[step.symbol] if step.is_variable else None for step in rule.nodes]
    return push_forward(rule, values, moved)[rule.output]
