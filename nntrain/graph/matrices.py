"""Jacobian, Hessian and directional derivative of a graph at a point, each with a check by differences.

The variables are stacked in their order, each by its rows. Denominator layout: an entry of a Jacobian has the row of
what is moved and the column of what moves with it. Knows nothing of how they are shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.graph.differences import FIRST, LEAST, slope, slopes
from nntrain.graph.fault import FormulaError
from nntrain.graph.forward import evaluate
from nntrain.graph.operations import Array
from nntrain.graph.second_order import gradient_along
from nntrain.graph.trace import Trace, trace_back, trace_graph

MOST = 200  # entries of all variables together
PROBED = 400  # entries of a matrix that are compared with differences
AGREES = 1e-6  # largest relative error that counts as rounding


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Derivatives (rows, columns) with the names of both, and their error against differences of the formula.

    The error is relative to the largest entry, nan where nothing could be compared. ``tied``: the formula has a kink
    here, so that several derivatives are valid.
    """

    values: Array
    rows: Sequence[str]
    columns: Sequence[str]
    error: float
    tied: bool = False


def entry_names(trace: Trace, names: Sequence[str] = ()) -> list[str]:
    """Return the name of each entry of variables (all, or those named): x, w[1], W[2,1]."""
    found: list[str] = []
    for node in trace.graph.nodes:
        if node.is_variable and (not names or node.symbol in names):
            found += _entries(node.symbol, trace.values[node.index].shape)
    return found


def jacobian(trace: Trace) -> Matrix:
    """Return ∂output/∂variables: a row an entry of the variables, a column an entry of the output."""
    graph, output = trace.graph, trace.values[trace.graph.output]
    variables = _variables(trace)
    _check_size(trace)
    columns = []
    for place in range(output.size):
        upstream = np.zeros(output.size)
        upstream[place] = 1.0
        gradients, _ = trace_back(graph, trace.values, upstream.reshape(output.shape))
        columns.append(_stack([gradients[k] for k in variables]))
    values = np.stack(columns, axis=1)

    def moved(k: int, entry: Array) -> Array:
        return evaluate(graph, _with(trace, k, entry))

    most = max(1, PROBED // values.shape[1])
    numeric = np.concatenate(
        [
            np.stack(
                [slopes(_component(moved, k, place), trace.values[k], most).ravel() for place in range(output.size)],
                axis=1,
            )
            for k in variables
        ]
    )
    names = _entries(graph.nodes[graph.output].symbol, output.shape)
    return Matrix(values, entry_names(trace), names, _error(values, numeric), bool(trace.ties))


def hessian(trace: Trace, names: Sequence[str] = ()) -> Matrix:
    """Return ∂²output/∂variables² of all variables or of those named; the entries of an output are summed.

    FormulaError where a second derivative is not finite.
    """
    _check_size(trace)
    graph = trace.graph
    chosen = [k for k in _variables(trace) if not names or graph.nodes[k].symbol in names]
    rows = []
    for k in chosen:
        shape = trace.values[k].shape
        for place in range(trace.values[k].size):
            move = np.zeros(trace.values[k].size)
            move[place] = 1.0
            turned = gradient_along(trace, {graph.nodes[k].symbol: move.reshape(shape)})
            rows.append(_stack([turned[graph.nodes[j].symbol] for j in chosen]))
    values = np.array(rows)
    if not np.isfinite(values).all():
        raise FormulaError("has no finite second derivative here")
    labels = entry_names(trace, [graph.nodes[k].symbol for k in chosen])
    return Matrix(values, labels, labels, _error(values, _numeric_hessian(trace, chosen)), bool(trace.ties))


def along(trace: Trace, direction: Mapping[str, Array]) -> tuple[float, float]:
    """Return the derivative of the output along a direction, ∇f · u, and the same by differences.

    The entries of an output are summed. The direction is as long as it is given.
    """
    graph = trace.graph
    value = sum(
        float(np.sum(trace.gradients[k] * direction[graph.nodes[k].symbol]))
        for k in _variables(trace)
        if graph.nodes[k].symbol in direction
    )

    def walk(step: float) -> float:
        moved = {
            node.symbol: trace.values[node.index] + step * direction.get(node.symbol, np.zeros(()))
            for node in graph.nodes
            if node.is_variable
        }
        return float(np.sum(evaluate(graph, moved)))

    length = max((float(np.max(np.abs(part))) for part in direction.values()), default=1.0) or 1.0
    size = max((float(np.max(np.abs(trace.values[k]))) for k in _variables(trace)), default=LEAST)
    return value, slope(walk, FIRST * max(size, LEAST) / length)


def _numeric_hessian(trace: Trace, chosen: Sequence[int]) -> Array:
    """Return differences of the gradient; nan where the formula ends."""
    graph = trace.graph
    count = sum(trace.values[k].size for k in chosen)
    numeric = np.full((count, count), np.nan)
    if count * count > PROBED:
        return numeric

    def gradient(k: int, entry: Array) -> Array:
        try:
            there = trace_graph(graph, _with(trace, k, entry))
        except FormulaError:
            return np.full(count, np.nan)
        return _stack([there.gradients[j] for j in chosen])

    for column in range(count):
        parts = [slopes(_component(gradient, k, column), trace.values[k], count).ravel() for k in chosen]
        numeric[:, column] = np.concatenate(parts)
    return numeric


def _component(f: Callable[[int, Array], Array], k: int, place: int) -> Callable[[Array], float]:
    """Return one entry of a function of variable k."""
    return lambda entry: float(np.ravel(f(k, entry))[place])


def _with(trace: Trace, k: int, entry: Array) -> dict[str, Array]:
    """Return the values of all variables, with another for variable k."""
    nodes = trace.graph.nodes
    return {nodes[j].symbol: entry if j == k else trace.values[j] for j in _variables(trace)}


def _variables(trace: Trace) -> list[int]:
    return [node.index for node in trace.graph.nodes if node.is_variable]


def _check_size(trace: Trace) -> None:
    count = sum(trace.values[k].size for k in _variables(trace))
    if count > MOST:
        raise FormulaError(f"the variables have {count} entries, and such a matrix is shown for at most {MOST}")


def _stack(parts: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(part) for part in parts]) if parts else np.zeros(0)


def _entries(symbol: str, shape: tuple[int, ...]) -> list[str]:
    if not shape:
        return [symbol]
    return [f"{symbol}[{','.join(str(i + 1) for i in place)}]" for place in np.ndindex(shape)]


def _error(values: Array, numeric: Array) -> float:
    compared = ~np.isnan(numeric)
    if not compared.any():
        return float("nan")
    scale = max(float(np.abs(values).max()), float(np.abs(numeric[compared]).max()), 1e-9)
    return float(np.abs(values - numeric)[compared].max()) / scale
