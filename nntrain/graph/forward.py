"""The values of a graph, with every number checked or in plain floating point. Knows nothing of gradients."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nntrain.graph.fault import FormulaError
from nntrain.graph.nodes import Graph, Node
from nntrain.graph.operations import Array


def evaluate(graph: Graph, values: Mapping[str, Array]) -> Array:
    """Return the output for arrays of one floating type: inf where it overflows, nan where it is undefined."""
    given = [values[node.symbol] if node.is_variable else np.zeros(0) for node in graph.nodes]
    return evaluate_unchecked(graph, given)[graph.output]


def evaluate_unchecked(
    graph: Graph, values: Sequence[Array], *, start: int = -1, value: Array | None = None
) -> list[Array]:
    """Return all values; those after ``start`` are computed again, with ``value`` at ``start``. May be inf or nan."""
    found = list(values)
    if value is not None:
        found[start] = value
    kind = found[0].dtype  # variables come first
    with np.errstate(all="ignore"):
        for node in graph.nodes[start + 1 :]:
            if node.operation is not None:
                found[node.index] = np.asarray(node.operation.evaluate(*(found[i] for i in node.inputs)))
            elif node.constant is not None:
                found[node.index] = np.asarray(node.constant, kind)
    return found


def evaluate_checked(graph: Graph, values: Mapping[str, npt.ArrayLike]) -> list[Array]:
    """Return all values in float64; raises ``FormulaError`` for the first node without a finite value."""
    given = _check_values(graph, values)
    found: list[Array] = []
    for node in graph.nodes:
        found.append(given[node.symbol] if node.is_variable else _value(graph, node, found))
    return found


def _check_values(graph: Graph, values: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
    names = graph.variables
    for name in values:
        if name not in names:
            raise FormulaError(f"there is no variable '{name}' (variables: {', '.join(names) or 'none'})")
    missing = [name for name in names if name not in values]
    if missing:
        message = f"no value for {', '.join(missing)}; add {' '.join(f'{name}=…' for name in missing)}"
        raise FormulaError(message, graph.nodes[names.index(missing[0])].column)
    given = {name: np.array(value, np.float64) for name, value in values.items()}
    for name, array in given.items():
        if not array.size or array.ndim > 2 or not np.isfinite(array).all():
            raise FormulaError(f"{name} must be a number, a vector or a matrix of finite numbers")
    return given


def _value(graph: Graph, node: Node, found: Sequence[Array]) -> Array:
    operation = node.operation
    if operation is None:
        return np.asarray(node.constant, np.float64)
    inputs = [found[i] for i in node.inputs]
    if operation.arity == 2 and operation.chain is None and not _fit(*inputs, alike=operation.joins):
        raise _error(node, f"needs shapes that fit, got {_shapes(graph, node, found)}")
    try:
        with np.errstate(over="ignore", divide="raise", invalid="raise"):
            value = np.asarray(operation.evaluate(*inputs))
    except ValueError:
        raise _error(node, f"needs {operation.needs or 'shapes that fit'}, got {_shapes(graph, node, found)}") from None
    except FloatingPointError:
        raise _error(node, f"needs {operation.needs}, got {describe_nonfinite_inputs(graph, node, found)}") from None
    if not np.isfinite(value).all():
        raise _error(node, f"is too large, got {describe_nonfinite_inputs(graph, node, found)}")
    return value


def _error(node: Node, problem: str) -> FormulaError:
    return FormulaError(f"{node.symbol} = {node.expression} {problem}", node.column)


def _fit(a: Array, b: Array, *, alike: bool) -> bool:
    """Return whether two inputs have equal shapes, or one is a number and they need not be ``alike``."""
    return a.shape == b.shape or not (alike or (a.shape and b.shape))


def _shapes(graph: Graph, node: Node, found: Sequence[Array]) -> str:
    return ", ".join(f"{graph.nodes[i].symbol} {_shape_text(found[i].shape)}" for i in node.inputs)


def _shape_text(shape: tuple[int, ...]) -> str:
    if len(shape) < 2:
        return f"with {shape[0]} entr{'y' if shape == (1,) else 'ies'}" if shape else "(a number)"
    return f"({'×'.join(map(str, shape))})"


def describe_nonfinite_inputs(graph: Graph, node: Node, found: Sequence[Array], value: Array | None = None) -> str:
    """Return the inputs of a node at the first entry where its value (or ``value``) is not finite."""
    values = list(found) + [np.zeros(())] * (len(graph.nodes) - len(found))
    if value is None:
        only = Graph(graph.nodes[: node.index + 1], node.index)
        value = evaluate_unchecked(only, values, start=node.index - 1)[node.index]
    at = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
    names = []
    for source in dict.fromkeys(node.inputs):
        array = found[source]
        if graph.nodes[source].constant is None and array.shape in ((), value.shape):
            place = f"[{', '.join(map(str, at))}]" if array.shape and at else ""
            names.append(f"{graph.nodes[source].symbol}{place} = {float(array[at if array.shape else ()]):g}")
    return ", ".join(names) or "entries that are too large"
