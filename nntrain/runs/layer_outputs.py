"""The outputs of a layer inside a trained network. Knows nothing of files."""

from collections.abc import Sequence

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.errors import SpecError, did_you_mean
from nntrain.network import Network
from nntrain.train.evaluate import scores


def layer_names(network: Network) -> Sequence[str]:
    """Return the names of the layers whose outputs can be asked for: hidden.0, …, output.

    They are numbered as their parameters are, layers.0.W belonging to hidden.0; the activation counts to its layer.
    """
    count = sum(bool(shapes) for shapes in network.params.shapes)
    return [*(f"hidden.{k}" for k in range(count - 1)), "output"]


def layer_outputs(network: Network, X: Inputs, layer: str = "") -> Array:
    """Return the outputs (n, width) of a layer for scaled inputs X (n, d), by default those of the last hidden layer.

    SpecError for a layer that there is not.
    """
    return scores(network_to(network, layer), X)


def network_to(network: Network, layer: str = "") -> Network:
    """Return the network whose scores are the outputs of a layer, by default the last hidden layer.

    SpecError for a layer that there is not.
    """
    names = layer_names(network)
    if not layer and len(names) == 1:
        raise SpecError("layer: the model has no hidden layer; output are its scores")
    layer = layer or names[-2]
    if layer not in names:
        raise SpecError(f"layer: no such layer, got '{layer}'{did_you_mean(layer, names)}")
    starts = [place for place, shapes in enumerate(network.params.shapes) if shapes]
    return _first_stages(network, [*starts, len(network.layers)][names.index(layer) + 1])


def outputs_below(network: Network, X: Inputs, end: int) -> Array:
    """Return what the first ``end`` stages of a network make of scaled inputs X (n, d): (n, width)."""
    return scores(_first_stages(network, end), X)


def _first_stages(network: Network, end: int) -> Network:
    dtype: DType = "float64" if network.dtype == np.float64 else "float32"
    part = Network(network.layers[:end], network.loss, n_in=network.n_in, dtype=dtype, plan=network.plan)
    part.params.load(dict(network.params.named(network.params.theta)))
    return part
