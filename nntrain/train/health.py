"""The health of the layers while a network trains: norms of parameters, gradients and steps, and what the units do.

Gradients and units are looked at on a fixed probe of training rows, after every so many epochs that it takes under 1 %
of the time of training. Nothing here changes what is trained: a probe writes into the gradient alone, which the next
step makes anew. Knows nothing of files.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.types import Array
from nntrain.data.batches.in_memory import lay_out_targets
from nntrain.data.dataset import Part
from nntrain.network import Network
from nntrain.ops.activations.base import Activation
from nntrain.ops.activations.flatness import UnitFaults
from nntrain.ops.layers import Backward, Context, Dense

ROWS = 128  # of a probe
LARGEST = 1 << 22  # entries of the buffers of a probe, about: wider networks are probed on fewer rows
SHARE = 0.01  # of the time of training
CHUNK = 1 << 17  # parameters that are squared at a time

# Seconds, measured on one core, steps with room to spare: of a layer in a probe and in a step, of an entry of an
# activation that is judged, of a parameter that is squared; and operations a second in a probe and in a step.
LAYER, LAYER_OF_STEP, ENTRY, PARAMETER = 40e-6, 2e-6, 4e-9, 3e-9
SPEED, SPEED_OF_STEP = 40e9, 100e9

Layers = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """Rows to look at: inputs X (m, d) and encoded targets t (m, c); ``every`` so many epochs."""

    X: Array
    t: Array
    every: int

    @classmethod
    def of(
        cls, network: Network, part: Part, encode: Callable[[Part], tuple[Array, Array]], batch_size: int
    ) -> "Probe":
        """Return the probe of a training part; ``encode`` returns the encoded targets of a part, and others."""
        n = len(part)
        chosen = replace(part.take(probe_rows(network, n)), weights=None)  # each row counts 1
        every = epochs_between(network, n, ceil(n / batch_size), len(chosen))
        return cls(np.ascontiguousarray(chosen.array), encode(chosen)[0], every)


def probe_rows(network: Network, n: int) -> Array:
    """Return which of n training rows a probe has, evenly chosen."""
    most = min(ROWS, max(32, LARGEST // sum(network.widths)))
    return choose_evenly(n, most)


def epochs_between(network: Network, n: int, steps: int, rows: int) -> int:
    """Return after how many epochs, of n rows in so many steps, a probe of ``rows`` takes under 1 % of the time."""
    layers, size = len(network.layers) + 1, network.params.size
    probe = layers * LAYER + 6 * size * rows / SPEED + rows * sum(network.widths[1:]) * ENTRY + size * PARAMETER
    epoch = steps * layers * LAYER_OF_STEP + 6 * size * n / SPEED_OF_STEP
    return max(1, ceil(probe / (SHARE * epoch)))


class Health:
    """Measures a network on a probe, by layer: a dense layer with its activation, 1 the first."""

    def __init__(self, network: Network, X: Array, t: Array) -> None:
        self.network = network
        do, ws = network.calls(), network.workspace(len(X))
        ctx, x, below = Context(ws, training=True), X, False
        backwards: list[Backward] = []
        self._units: dict[int, tuple[UnitFaults, Array, Array]] = {}  # of each hidden layer, with its z and h
        number = 0
        for layer, p, g in zip(network.layers, network.params.values, network.params.grads, strict=True):
            number += isinstance(layer, Dense)
            z = x
            if isinstance(layer, Activation):
                z = ws.like(x)
                do(np.copyto, z, x)  # an activation may overwrite it
            own = replace(ctx, wants_dx=below, training=not layer.draws)  # nothing is dropped, no noise added
            x, backward = layer.bind(do, x, p, g, own)
            backwards += [backward] if below or vars(p) else []
            below = below or bool(vars(p))
            if isinstance(layer, Activation):
                self._units[number] = UnitFaults.of(layer), z, x
        targets = lay_out_targets(t, network.plan)
        _, bind_gradient = network.loss.bind(forward := do, x, targets, ws)
        self._forward = forward.bind()
        back = network.calls()
        bind_gradient(back, lambda constant: np.asarray(constant, network.dtype))
        for backward in reversed(backwards):
            x = backward(back, x)
        self._backward = back.bind()
        params = network.params
        self._theta, self._gradient = (by_layer(network, vector) for vector in (params.theta, params.grad))

    def measure(self, change: Array | None = None) -> Layers:
        """Return the figures of each layer for the network's present parameters.

        ``weight_norm`` is ‖θ‖ of all its parameters, ``gradient_norm`` ‖∇‖ of the cost on the probe without penalty,
        ``update_ratio`` ‖Δθ‖/‖θ‖ of the step that led here, whose ``change`` is Δθ (P,). Of hidden layers ``dead`` and
        ``saturated`` are shares of the units, ``mean`` and ``deviation`` those of what the activation gives.
        """
        with np.errstate(all="ignore"):
            return self._measure(change)

    def _measure(self, change: Array | None) -> Layers:
        for call in self._forward:
            call()
        hidden = {number: _of_units(*found) for number, found in self._units.items()}
        for call in self._backward:
            call()
        steps = by_layer(self.network, change) if change is not None else []
        figures: dict[str, Mapping[str, float]] = {}
        for k, (own, g) in enumerate(zip(self._theta, self._gradient, strict=True)):
            found = {"weight_norm": norm(own), "gradient_norm": norm(g)}
            if steps:
                before = norm([a - d for a, d in zip(own, steps[k], strict=True)])
                found["update_ratio"] = norm(steps[k]) / before if before else float("nan")
            figures[str(k + 1)] = {**found, **hidden.get(k + 1, {})}
        return figures


def by_layer(network: Network, vector: Array) -> list[list[Array]]:
    """Return the views into a vector like theta (P,) by layer: of a dense layer and what follows it, up to the next."""
    owners = [layer for layer, shapes in zip(network.layers, network.params.shapes, strict=True) if shapes]
    number, places = -1, {}
    for index, layer in enumerate(owners):
        number += isinstance(layer, Dense)
        places[f"layers.{index}"] = max(number, 0)
    groups: list[list[Array]] = [[] for _ in range(max(places.values(), default=-1) + 1)]
    for name, view in network.params.named(vector):
        groups[places[name.rpartition(".")[0]]].append(view.reshape(-1))
    return groups


def norm(vectors: Sequence[Array]) -> float:
    """Return ‖v‖₂ of some vectors together, summed in double precision in an order that no machine changes."""
    pieces = (vector[at : at + CHUNK] for vector in vectors for at in range(0, vector.size, CHUNK))
    return sqrt(sum(float(np.add.reduce(np.square(piece, dtype=np.float64))) for piece in pieces))


def _of_units(faults: UnitFaults, z: Array, h: Array) -> dict[str, float]:
    dead, saturated = faults.judge(z, h)
    mean, deviation = (float(of(h, dtype=np.float64)) for of in (np.mean, np.std))
    return {
        "dead": float(dead.mean()),
        "saturated": float(saturated.mean()),
        "mean": mean,
        "deviation": deviation,
    }
