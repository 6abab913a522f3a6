"""What a spec or a checkpoint amounts to before anything runs: layers, parameters, memory, work."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.experiment.assembly import Assembly
from nntrain.network import Network
from nntrain.ops.layer import Context
from nntrain.ops.layers import Dense


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer: its output, its parameters by shape, and the floating-point operations for one example, forward."""

    name: str
    n_out: int
    shapes: str
    weights: int
    others: int
    flops: int


@dataclass(frozen=True, slots=True)
class Description:
    """The layer table of a network and its totals; buffer bytes are for training with ``batch_size`` rows."""

    rows: Sequence[LayerRow]
    n_in: int
    weights: int
    others: int
    batch_size: int
    parameter_bytes: int
    buffer_bytes: int
    flops: int

    @property
    def total(self) -> int:
        """Number of parameters."""
        return self.weights + self.others


def describe(assembly: Assembly, batch_size: int) -> Description:
    """Return the description of an assembled network trained with batches of this size."""
    network, params = assembly.network, assembly.network.params
    rows = []
    for layer, shapes, n_in, n_out in zip(
        network.layers, params.shapes, network.widths[:-1], network.widths[1:], strict=True
    ):
        weights = sum(shape.size for shape in shapes.values() if shape.weight)
        others = sum(shape.size for shape in shapes.values() if not shape.weight)
        text = ", ".join(f"{name} {'×'.join(map(str, shape.dims))}" for name, shape in shapes.items())
        rows.append(LayerRow(type(layer).__name__.lower(), n_out, text, weights, others, layer.flops(n_in)))
    slots = len(assembly.spec.optimizer.slots)
    weights = params.n_weights
    return Description(
        rows=rows,
        n_in=network.n_in,
        weights=weights,
        others=params.size - weights,
        batch_size=batch_size,
        parameter_bytes=params.theta.nbytes * (3 + slots),  # theta, gradient, the copy that norms are taken from, slots
        buffer_bytes=_buffers(assembly, batch_size),
        flops=sum(row.flops for row in rows),
    )


def _buffers(assembly: Assembly, rows: int) -> int:
    """Return the bytes that a training step's buffers take, measured by binding one."""
    network = assembly.network
    ws = network.workspace(rows)
    bound = network.bind(np.zeros((rows, network.n_in), network.dtype), Context(ws, training=True))
    assembly.loss.bind(bound.calls, bound.scores, ws.like(bound.scores), ws)
    return ws.nbytes


def sizes(network: Network) -> list[int]:
    """Return the widths that name a network: 3-4-2 for three features, four hidden units and two scores."""
    inputs = [n_in for layer, n_in in zip(network.layers, network.widths, strict=False) if isinstance(layer, Dense)]
    return [*inputs, network.n_out]
