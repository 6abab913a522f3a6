"""The gradient of each layer, and the steps that its parameters take, over the epochs: as recorded, or trained again.

Knows nothing of how they are drawn.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.types import Array
from nntrain.drawing.gradient_norms import draw_gradients
from nntrain.drawing.style import Draw
from nntrain.errors import SpecError
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.pictures.replay import Replay
from nntrain.train.health import Health

ROWS = 1000  # of the training part that the gradient is taken on
ENOUGH = 10  # recorded epochs that make a curve: of fewer the run is trained again
RECORDED = "As recorded: gradient of the cost on a probe of training rows; the step is the last of the epoch."


def gather_gradients(origin: Origin, options: Options) -> Draw:
    """Return how to draw the norms by layer, and the length of a step by that of the weights, over the epochs.

    Where the run recorded enough of them, they are its own; else it is trained again, and measured after every epoch.
    """
    curves = origin.recorded(options.epoch)
    found = recorded_norms(curves.records) if curves is not None else LayerNorms()
    if curves is not None and len(found.epochs) >= ENOUGH:
        return partial(draw_gradients, *found.lines, curves.heading, note=RECORDED)
    replay = origin.replay()
    network, theta = replay.network, replay.network.params.theta
    X, t = _probe(replay)
    before = theta.copy()
    found = LayerNorms()
    health = Health(network, X, t)
    for record in replay.train(options.epoch, after_step=lambda: np.copyto(before, theta)):
        origin.compare(record)
        found.add(record.epoch, health.measure(theta - before))  # of the last step of the epoch
        np.copyto(before, theta)
    if not found.epochs:
        raise SpecError(f"gradients: {origin.path}: no epoch was finished{replay.diverged and f'; {replay.diverged}'}")
    if replay.diverged:
        origin.notes.append(f"{origin.path}: {replay.diverged}")
    model = replay.model(origin.path, found.epochs[-1], 0)
    note = f"Gradient of the loss on {len(X):,} training rows after each epoch; the step is the last of the epoch."
    return partial(draw_gradients, *found.lines, origin.heading(model), note=note)


@dataclass(frozen=True, slots=True)
class LayerNorms:
    """By layer, an epoch each, the norms of the gradient, and of a step by that of the parameters."""

    epochs: list[int] = field(default_factory=list)
    norms: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[list[int], dict[str, list[float]], dict[str, list[float]]]:
        """The three as ``draw_gradients`` takes them."""
        return self.epochs, self.norms, self.ratios

    def add(self, epoch: int, layers: Mapping[str, Mapping[str, float | None]]) -> None:
        """Add the figures of an epoch; what is not a number is a gap."""
        self.epochs.append(epoch)
        for key, figures in layers.items():
            for table, name in ((self.norms, "gradient_norm"), (self.ratios, "update_ratio")):
                value = figures.get(name)
                table.setdefault(f"layer {key}", []).append(math.nan if value is None else value)


def recorded_norms(records: Sequence[Mapping[str, Any]]) -> LayerNorms:
    """Return the norms that the records of a run have, in the epochs in which they were measured."""
    found = LayerNorms()
    for record in records:
        if record.get("layers"):
            found.add(record["epoch"], record["layers"])
    return found


def _probe(replay: Replay) -> tuple[Array, Array]:
    """Return inputs X (n, d) and encoded targets t (n, n_out) of evenly chosen training rows."""
    train = replay.prepared.data.train
    part = train.take(choose_evenly(len(train), ROWS))
    t, _ = replay.prepared.assembly.targets(part)
    return np.ascontiguousarray(part.array), t
