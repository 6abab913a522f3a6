"""A graph worked out: values forward, gradients backward, and the same gradients by differences.

With an output of more than one entry the gradient is that of the sum of its entries. Gradients have the shape of their
values (denominator layout).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from nntrain.graph.fault import FormulaError
from nntrain.graph.grammar import parse
from nntrain.graph.nodes import Graph, Node
from nntrain.graph.operations import Array, Operation


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One way from a node (``source``) into its user (``target``), as its input number ``position``.

    ``local`` is ∂target/∂source: an elementwise factor of the upstream gradient, or for a matrix product the other
    matrix. ``derivative`` says it in symbols; ``contribution`` is what this way adds to the source's gradient.
    """

    source: int
    target: int
    position: int
    derivative: str
    local: Array
    upstream: Array
    contribution: Array
    rule: str


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Values and gradients of every node (by index; the gradient of a constant is nan), and the edges from the output
    back to the inputs."""

    graph: Graph
    values: tuple[Array, ...]
    gradients: tuple[Array, ...]
    edges: tuple[Edge, ...]

    def numeric(self) -> tuple[Array, ...]:
        """Return every node's gradient by central differences of the output, worked out anew from that node on."""
        return tuple(self._differences(node) for node in self.graph.nodes)

    def _differences(self, node: Node) -> Array:
        value = self.values[node.index]
        gradient = np.full(value.shape, np.nan)
        if not node.varies:
            return gradient
        for at in np.ndindex(value.shape):
            h = 6e-6 * max(1.0, abs(float(value[at])))
            ends = []
            for step in (h, -h):
                moved = value.copy()
                moved[at] += step
                ends.append(float(np.sum(_forward(self.graph, list(self.values), start=(node.index, moved)))))
            gradient[at] = (ends[0] - ends[1]) / (2 * h)
        return gradient


def trace(graph: Graph, values: Mapping[str, npt.ArrayLike]) -> Trace:
    """Work a graph out forward and backward; raises ``FormulaError`` naming the node whose value is not finite."""
    found: list[Array] = []
    for node in graph.nodes:
        found.append(_value(graph, node, found, values))
    gradients, edges = _backward(graph, found)
    return Trace(graph, tuple(found), gradients, edges)


def _value(graph: Graph, node: Node, found: list[Array], values: Mapping[str, npt.ArrayLike]) -> Array:
    if node.operation is None:
        if node.constant is not None:
            return np.array(node.constant)
        if node.symbol not in values:
            raise FormulaError(f"{node.symbol} has no value; add {node.symbol}=…", node.column)
        return np.array(values[node.symbol], float)
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(node.operation.evaluate(*(found[i] for i in node.inputs)))
    except ValueError:
        shapes = " and ".join(str(found[i].shape) for i in node.inputs)
        raise FormulaError(f"{node.symbol} = {node.expression}: shapes {shapes} do not fit", node.column) from None
    if not np.isfinite(value).all():
        raise FormulaError(f"{node.symbol} = {node.expression}: {node.operation.needs}", node.column)
    return value


def _forward(graph: Graph, found: list[Array], start: tuple[int, Array]) -> Array:
    index, found[start[0]] = start
    for node in graph.nodes[index + 1 :]:
        if node.operation is not None:
            found[node.index] = _value(graph, node, found, {})
    return found[graph.output]


def _backward(graph: Graph, values: list[Array]) -> tuple[tuple[Array, ...], tuple[Edge, ...]]:
    gradients = [np.zeros(v.shape) if n.varies else np.full(v.shape, np.nan)
                 for n, v in zip(graph.nodes, values, strict=True)]  # fmt: skip
    gradients[graph.output] = np.ones(values[graph.output].shape)
    edges = []
    for node in reversed(graph.nodes):
        for position, source in enumerate(node.inputs):
            if node.operation is not None and graph.nodes[source].varies:
                edge = _edge(graph, node, position, values, gradients[node.index])
                gradients[source] = gradients[source] + edge.contribution
                edges.append(edge)
    return tuple(gradients), tuple(edges)


def _edge(graph: Graph, node: Node, position: int, values: list[Array], upstream: Array) -> Edge:
    assert node.operation is not None
    source = node.inputs[position]
    inputs = [values[i] for i in node.inputs]
    if node.operation.derivatives[position]:
        rule = _rule(node.operation, position)
        named = dict(zip("ab", inputs, strict=False)) | {"y": values[node.index]}
        steps: list[Array] = []
        for step in rule.nodes:
            steps.append(_value(rule, step, steps, named))
        local = steps[rule.output]
        contribution = _summed(upstream * local, values[source].shape)
    else:
        local = inputs[1 - position].T
        contribution = _through_product(position, inputs, upstream)
    text = _derivative_text(graph, node, position)
    return Edge(source, node.index, position, text, local, upstream, contribution, node.operation.rule)


def _through_product(position: int, inputs: list[Array], upstream: Array) -> Array:
    a, b = (np.atleast_2d(v) for v in inputs) if inputs[1].ndim > 1 else (np.atleast_2d(inputs[0]), inputs[1][:, None])
    d = upstream.reshape(a.shape[0], b.shape[1])
    return (d @ b.T if position == 0 else a.T @ d).reshape(inputs[position].shape)


@cache
def _rule(operation: Operation, position: int) -> Graph:
    return parse(operation.derivatives[position])


def _derivative_text(graph: Graph, node: Node, position: int) -> str:
    assert node.operation is not None
    named = dict(zip("ab", node.inputs, strict=False)) | {"y": node.index}
    if not node.operation.derivatives[position]:
        return graph.nodes[node.inputs[1 - position]].symbol + "ᵀ"
    rule = _rule(node.operation, position)
    names = {name: graph.nodes[i].symbol for name, i in named.items()}
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), str(rule))


def _summed(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Return a gradient summed back to the shape of a value that was repeated to fit."""
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(extra))) if extra > 0 else np.broadcast_to(gradient, shape)
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[axis] > 1)
    return np.asarray(gradient.sum(axis=repeated, keepdims=True) if repeated else gradient)
