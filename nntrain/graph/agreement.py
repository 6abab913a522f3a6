"""Compares the gradients of a trace with differences of the output, node by node. Knows nothing of formulas as text."""

from dataclasses import dataclass

import numpy as np

from nntrain.graph.operations import Array
from nntrain.graph.trace import PROBES, Trace

AGREES = 1e-6  # largest relative error that counts as rounding
SMALL, FEW = 2000, 10  # entries of a graph up to which PROBES of each node are probed, and how many are in larger ones
FLOOR = 1e-9  # relative to the output: smaller gradients count as this large, since differences are no finer


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """The gradient of a node by differences, and the error of the traced one, relative to the largest entry.

    The error is nan if nothing could be probed. ``tied``: there is a kink between the node and the output, so that
    several gradients are valid.
    """

    numeric: Array
    error: float
    tied: bool

    @property
    def probed(self) -> int:
        """Number of entries that were compared."""
        return int(np.sum(~np.isnan(self.numeric)))

    @property
    def agrees(self) -> bool:
        """Whether the gradient agrees with every entry that was compared."""
        return not self.error > AGREES


def checks(trace: Trace) -> tuple[Check | None, ...]:
    """Return the check of each node; None for constants, which have no gradient."""
    scale = FLOOR * max(1.0, float(np.max(np.abs(trace.values[trace.graph.output]))))
    most = PROBES if sum(value.size for value in trace.values) <= SMALL else FEW
    found: list[Check | None] = []
    for node, ours, theirs in zip(trace.graph.nodes, trace.gradients, trace.numeric(most), strict=True):
        tied = not trace.users(node.index).isdisjoint(trace.ties)
        found.append(Check(theirs, _error(ours, theirs, scale), tied) if node.varies else None)
    return tuple(found)


def _error(ours: Array, theirs: Array, floor: float) -> float:
    """Return the largest difference divided by the largest entry, among those that were probed."""
    probed = ~np.isnan(theirs)
    if not probed.any():
        return float("nan")
    a, n = ours[probed], theirs[probed]
    return float(np.max(np.abs(a - n)) / max(np.max(np.abs(a)), np.max(np.abs(n)), floor))
