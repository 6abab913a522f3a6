"""Computational graphs of formulas, evaluated forward and backward. Knows NumPy and nothing of nntrain.

Every step can be inspected. The graph serves to check the training engine and is never part of it.
"""

from nntrain.graph.builder import Builder
from nntrain.graph.fault import FormulaError
from nntrain.graph.forward import evaluate
from nntrain.graph.grammar import parse
from nntrain.graph.nodes import Graph, Node
from nntrain.graph.operations import OPERATIONS, Operation
from nntrain.graph.rules import with_slope
from nntrain.graph.trace import Edge, Trace, trace_graph
from nntrain.graph.values import parse_values

__all__ = [
    "OPERATIONS",
    "Builder",
    "Edge",
    "FormulaError",
    "Graph",
    "Node",
    "Operation",
    "Trace",
    "evaluate",
    "parse",
    "parse_values",
    "trace_graph",
    "with_slope",
]
