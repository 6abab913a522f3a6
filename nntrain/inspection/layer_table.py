"""The layers of a network with their parameters, memory and work, before anything is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.core.machine import memory
from nntrain.data.dataset import Part
from nntrain.runs.assembly import Assembly
from nntrain.train.step import Stepper

FINISHING = 26 << 20  # bytes that scoring, saving and drawing take at the end of a run (measured)


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
    """The layers of a network and their totals; bytes are those of training in batches of ``batch_size`` rows."""

    rows: Sequence[LayerRow]
    n_in: int
    weights: int
    others: int
    batch_size: int
    parameter_bytes: int  # of one vector of parameters
    vectors: int  # of that length: theta, its gradient, the copy that norms are taken from, optimizer slots
    buffer_bytes: int
    flops: int

    @property
    def total(self) -> int:
        """Number of parameters."""
        return self.weights + self.others

    @property
    def training_bytes(self) -> int:
        """All bytes that training takes, without the data."""
        return self.vectors * self.parameter_bytes + self.buffer_bytes


def describe(assembly: Assembly) -> Description:
    """Return the description of an assembled network, with the memory of training on its number of rows."""
    batch_size, buffer_bytes = _buffers(assembly)
    network, params = assembly.network, assembly.network.params
    rows = []
    for layer, shapes, n_in, n_out in zip(
        network.layers, params.shapes, network.widths[:-1], network.widths[1:], strict=True
    ):
        weights = sum(shape.size for shape in shapes.values() if shape.weight)
        others = sum(shape.size for shape in shapes.values() if not shape.weight)
        text = ", ".join(f"{name} {'×'.join(map(str, shape.dims))}" for name, shape in shapes.items())
        rows.append(LayerRow(type(layer).__name__.lower(), n_out, text, weights, others, layer.flops(n_in)))
    return Description(
        rows=rows,
        n_in=network.n_in,
        weights=params.n_weights,
        others=params.size - params.n_weights,
        batch_size=batch_size,
        parameter_bytes=params.theta.nbytes,
        vectors=3 + len(assembly.spec.optimizer.slots) + (assembly.spec.train.average is not None),
        buffer_bytes=buffer_bytes,
        flops=sum(row.flops for row in rows),
    )


def peak_bytes(description: Description) -> int | None:
    """Return the peak memory in bytes of a run, program included; None where the system does not tell.

    Call it in a process that has loaded the data and done nothing else: loading may take more than training.
    """
    held = memory()
    return max(held[1], held[0] + description.training_bytes + FINISHING) if held else None


def _buffers(assembly: Assembly) -> tuple[int, int]:
    """Return the rows of a batch, and the bytes of the buffers of a training step, counted by binding one."""
    facts, dtype = assembly.facts, assembly.network.dtype
    in_classes = assembly.facts.task == "classification"
    y = np.zeros(facts.n_rows, np.int64) if in_classes else np.zeros((facts.n_rows, facts.n_targets), dtype)
    job = assembly.job(Part(np.zeros((facts.n_rows, facts.n_features), dtype), y))
    stepper = Stepper(job, job.start())
    stepper(next(job.batches.epoch(0)))
    return job.batches.batch_size, stepper.buffer_bytes + job.batches.nbytes
