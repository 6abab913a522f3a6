"""A formula as a function of the variables that move: its value, gradient and Hessian at stacked entries (n,).

Knows nothing of how one descends on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.graph import FormulaError, Graph, evaluate, trace_graph
from nntrain.graph.matrices import Matrix, entry_names, hessian


@dataclass(frozen=True)
class Objective:
    """A graph whose output is a number, the values of all its variables, and the names of those that move.

    The entries of the moving variables are stacked in the order of the graph, each by its rows.
    """

    graph: Graph
    values: Mapping[str, Array]
    moving: Sequence[str]

    @classmethod
    def of(cls, graph: Graph, values: Mapping[str, Array], moving: Sequence[str] = ()) -> "Objective":
        """Return the objective; by default every variable moves. FormulaError for an output that is no number."""
        unknown = [name for name in moving if name not in graph.variables]
        if unknown:
            raise FormulaError(
                f"there is no variable '{unknown[0]}' (variables: {', '.join(graph.variables) or 'none'})"
            )
        if not graph.variables:
            raise FormulaError("has no variable to move")
        trace = trace_graph(graph, values)
        shape = trace.values[graph.output].shape
        if shape:
            raise FormulaError(f"is no number to make small, but has the shape {'×'.join(map(str, shape))}; sum it up")
        named = {node.symbol: trace.values[node.index] for node in graph.nodes if node.is_variable}
        return cls(graph, named, [name for name in graph.variables if not moving or name in moving])

    @property
    def start(self) -> Array:
        """The values of the moving variables, stacked (n,)."""
        return np.concatenate([np.ravel(self.values[name]) for name in self.moving]).astype(np.float64)

    @property
    def names(self) -> list[str]:
        """The name of each entry: x, w[1], …"""
        return entry_names(trace_graph(self.graph, self.values), self.moving)

    def at(self, x: Array) -> dict[str, Array]:
        """Return the values of all variables with the moving ones at x (n,)."""
        found, place = dict(self.values), 0
        for name in self.moving:
            shape, size = self.values[name].shape, self.values[name].size
            found[name] = np.asarray(x[place : place + size]).reshape(shape)
            place += size
        return found

    def value(self, x: Array) -> float:
        """Return f(x): inf or nan where there is none."""
        return float(evaluate(self.graph, self.at(x)))

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Return f(x) and ∇f(x) (n,); FormulaError where one of them is not finite."""
        trace = trace_graph(self.graph, self.at(x))
        places = {node.symbol: node.index for node in self.graph.nodes if node.is_variable}
        gradient = np.concatenate([np.ravel(trace.gradients[places[name]]) for name in self.moving])
        return float(trace.values[self.graph.output]), gradient

    def hessian(self, x: Array) -> Matrix:
        """Return the Hessian at x with its check; FormulaError where a second derivative is not finite."""
        return hessian(trace_graph(self.graph, self.at(x)), self.moving)
