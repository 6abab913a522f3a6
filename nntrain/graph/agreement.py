"""How well a trace's gradients agree with differences of the output, node by node."""

from dataclasses import dataclass

import numpy as np

from nntrain.graph.operations import Array
from nntrain.graph.trace import PROBES, Trace

AGREES = 1e-6  # largest relative error that is taken for rounding
SMALL, FEW = 2000, 10  # entries of a whole graph up to which PROBES of each node are probed, and how many beyond
FLOOR = 1e-9  # times the output: gradients below count as that large, as differences see no finer


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One node's gradient by differences, and how far ours is from it, relative to the largest entry.

    nan where nothing could be probed. ``tied``: a kink lies between the node and the output, so that the gradient is
    one choice of several.
    """

    numeric: Array
    error: float
    tied: bool

    @property
    def probed(self) -> int:
        """How many entries were compared."""
        return int(np.sum(~np.isnan(self.numeric)))

    @property
    def agrees(self) -> bool:
        """Whether the gradient is right as far as can be seen."""
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
    """Return the largest difference over the largest entry, of those that were probed."""
    probed = ~np.isnan(theirs)
    if not probed.any():
        return float("nan")
    a, n = ours[probed], theirs[probed]
    return float(np.max(np.abs(a - n)) / max(np.max(np.abs(a)), np.max(np.abs(n)), floor))
