"""The evaluation of a graph: values forward, gradients backward, and the same gradients by differences.

Gradients are those of the output, or of the sum of its entries, and have the shape of their values (denominator
layout). An elementwise operation takes arrays of equal shapes, or numbers and arrays; nothing else is broadcast. A
value or derivative that is not finite raises a ``FormulaError`` that names the node. Knows nothing of pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nntrain.graph.differences import slopes
from nntrain.graph.fault import FormulaError
from nntrain.graph.forward import describe_nonfinite_inputs, evaluate_checked, evaluate_unchecked
from nntrain.graph.grammar import parse
from nntrain.graph.nodes import Graph, Node
from nntrain.graph.operations import Array, Operation
from nntrain.graph.rules import INPUTS, operation_of, rule_in_words, rule_of

PROBES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """An edge from a node (``source``) to a user of it (``target``), whose input number ``position`` it is.

    ``local`` is ∂target/∂source: the elementwise factor of the upstream gradient; for a matrix product, the other
    matrix, transposed; for a softmax, its Jacobian. ``derivative`` is the same in symbols, ``chain`` the rule with the
    upstream gradient ``g``. ``contribution`` is what this edge adds to the gradient of its source.
    """

    source: int
    target: int
    position: int
    derivative: str
    chain: str
    local: Array
    upstream: Array
    contribution: Array
    rule: str


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Values and gradients of all nodes by index (nan for constants), and the edges from the output back.

    ``ties`` are the operations at a kink, below which several gradients are valid.
    """

    graph: Graph
    values: tuple[Array, ...]
    gradients: tuple[Array, ...]
    edges: tuple[Edge, ...]
    ties: tuple[int, ...]

    def numeric(self, most: int = PROBES) -> tuple[Array, ...]:
        """Return the gradient of every node by differences of the output, computed again from that node on.

        At most ``most`` entries of a node are probed, evenly spread. The others are nan, and so are entries at the
        boundary of the domain of the formula. At a tie, the result is the mean of both sides.
        """
        return tuple(self._numeric(node, most) for node in self.graph.nodes)

    def _numeric(self, node: Node, most: int) -> Array:
        graph, value = self.graph, self.values[node.index]

        def output(moved: Array) -> float:
            return float(np.sum(evaluate_unchecked(graph, self.values, start=node.index, value=moved)[graph.output]))

        return slopes(output, value, most if node.varies else 0)

    def users(self, index: int) -> frozenset[int]:
        """Return the nodes whose values depend on a node, including that node."""
        found = {index}
        found.update(node.index for node in self.graph.nodes[index:] if not found.isdisjoint(node.inputs))
        return frozenset(found)


def trace_graph(graph: Graph, values: Mapping[str, npt.ArrayLike]) -> Trace:
    """Evaluate a graph forward and backward in float64; raises ``FormulaError`` for the first node that fails."""
    found = evaluate_checked(graph, values)
    gradients, edges = trace_back(graph, found)
    ties = tuple(node.index for node in graph.nodes if _is_at_kink(node, [found[i] for i in node.inputs]))
    return Trace(graph, tuple(found), tuple(gradients), tuple(edges), ties)


def trace_back(graph: Graph, values: Sequence[Array], upstream: Array | None = None) -> tuple[list[Array], list[Edge]]:
    """Return ∂output/∂node for every node, and the edges from the output back.

    ``upstream`` weighs the entries of the output; by default they are summed. Raises ``FormulaError``.
    """
    gradients = [np.full(v.shape, 0.0 if n.varies else np.nan) for n, v in zip(graph.nodes, values, strict=True)]
    edges: list[Edge] = []
    if graph.nodes[graph.output].varies:
        gradients[graph.output] = np.ones_like(values[graph.output]) if upstream is None else upstream
    for node in reversed(graph.nodes):
        for position, source in enumerate(node.inputs):
            if graph.nodes[source].varies:
                edge = _edge(graph, values, gradients[node.index], node, position)
                gradients[source] = gradients[source] + edge.contribution  # contributions of several users add up
                edges.append(edge)
    return gradients, edges


def _edge(graph: Graph, values: Sequence[Array], upstream: Array, node: Node, position: int) -> Edge:
    operation, source = operation_of(node), node.inputs[position]
    inputs = [values[i] for i in node.inputs]
    with np.errstate(all="ignore"):
        if operation.chain:
            local = operation.chain.local(position, inputs)
            contribution = operation.chain.pull(position, inputs, upstream)
        else:
            local = local_slope(graph, node, position, [*inputs, values[node.index]])
            contribution = sum_to_shape(upstream * local, values[source].shape)
    for array, what in ((local, "slope"), (contribution, "gradient")):
        if not np.isfinite(array).all():
            got, by = describe_nonfinite_inputs(graph, node, values, array), graph.nodes[source].symbol
            raise FormulaError(
                f"{node.symbol} = {node.expression} has no finite {what} by {by}, got {got}", node.column
            )
    derivative, chain = rule_in_words(graph, node, position)
    if not operation.chain and upstream.shape != () == contribution.shape:
        chain = f"sum({chain})"  # a number that was combined with an array
    return Edge(source, node.index, position, derivative, chain, local, upstream, contribution, operation.rule)


def local_slope(graph: Graph, node: Node, position: int, arrays: Sequence[Array]) -> Array:
    """Return ∂node/∂input from the inputs of a node, followed by its value."""
    *inputs, output = arrays
    rule = rule_of(graph, node, position)
    named = dict(zip(INPUTS, inputs, strict=False)) | {"y": output}
    given = [named[step.symbol] if step.is_variable else np.zeros(0) for step in rule.nodes]
    return evaluate_unchecked(rule, given)[rule.output]


def sum_to_shape(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Return a gradient in the given shape: summed to a number, or broadcast from one."""
    if shape or not gradient.shape:
        return np.broadcast_to(gradient, shape).copy()
    return np.asarray(gradient.sum())


def _is_at_kink(node: Node, inputs: Sequence[Array]) -> bool:
    operation: Operation | None = node.operation
    if operation is None or not operation.switch or not node.varies:
        return False
    switch = parse(operation.switch)
    named = dict(zip(INPUTS, inputs, strict=False))
    given = [named[step.symbol] if step.is_variable else np.zeros(0) for step in switch.nodes]
    return not evaluate_unchecked(switch, given)[switch.output].all()
