"""The gradient of each layer, and the steps that its weights take, over the epochs of a training done again in memory.

Knows nothing of how they are drawn.
"""

from functools import partial

import numpy as np

from nntrain.core.types import Array
from nntrain.drawing.gradient_norms import draw_gradients
from nntrain.drawing.style import Draw
from nntrain.errors import SpecError
from nntrain.network import Network
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.pictures.replay import Replay

ROWS = 1000  # of the training part that the gradient is taken on


def gather_gradients(origin: Origin, options: Options) -> Draw:
    """Return how to draw the norms by layer, and the length of a step by that of the weights, after every epoch."""
    replay = origin.replay()
    network, theta = replay.network, replay.network.params.theta
    X, t = _probe(replay)
    before = theta.copy()
    epochs: list[int] = []
    norms: dict[str, list[float]] = {name: [] for name in _layers(network)}
    ratios: dict[str, list[float]] = {name: [] for name in norms}
    for record in replay.train(options.epoch, after_step=lambda: np.copyto(before, theta)):
        origin.compare(record)
        epochs.append(record.epoch)
        step = theta - before  # of the last step of the epoch
        _, gradient = network.value_and_grad(X, t)
        for name, own in _layers(network).items():
            norms[name].append(float(np.linalg.norm(gradient[own])))
            length = float(np.linalg.norm(before[own]))
            ratios[name].append(float(np.linalg.norm(step[own])) / length if length else 0.0)
        np.copyto(before, theta)
    if not epochs:
        raise SpecError(f"gradients: {origin.path}: no epoch was finished{replay.diverged and f'; {replay.diverged}'}")
    if replay.diverged:
        origin.notes.append(f"{origin.path}: {replay.diverged}")
    model = replay.model(origin.path, epochs[-1], 0)
    note = f"Gradient of the loss on {len(X):,} training rows after each epoch; the step is the last of the epoch."
    return partial(draw_gradients, epochs, norms, ratios, origin.heading(model), note=note)


def _probe(replay: Replay) -> tuple[Array, Array]:
    """Return inputs X (n, d) and encoded targets t (n, n_out) of evenly chosen training rows."""
    train = replay.prepared.data.train
    rows = np.unique(np.linspace(0, len(train) - 1, min(ROWS, len(train))).astype(np.int64))
    part = train.take(rows)
    t, _ = replay.prepared.assembly.targets(part)
    return np.ascontiguousarray(part.array), t


def _layers(network: Network) -> dict[str, Array]:
    """Return which parameters (of P) each layer has, by its name: W1 with its bias, W2, …"""
    places = network.params.named(np.arange(network.params.size))
    found: dict[str, list[Array]] = {}
    for name, place in places:
        found.setdefault(name.rpartition(".")[0], []).append(np.asarray(place).ravel())
    return {f"layer {k}": np.concatenate(parts) for k, parts in enumerate(found.values(), 1)}
