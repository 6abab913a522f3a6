"""Losses: the registry with every entry in it; one family a file, one class an entry.

To add a loss, write one class in one of these files: ``cost``, ``gradient`` and ``formula``. Knows nothing of layers.
"""

from nntrain.ops.losses.base import LOSSES, BindGradient, Loss, ReadCost
from nntrain.ops.losses.entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.losses.hinge import BinaryHinge, CrammerSinger, Hinge, SquaredHinge
from nntrain.ops.losses.squared import Huber, Mae, Mse, SigmoidMse

# isort: split
from nntrain.ops.losses.counts import Poisson
from nntrain.ops.losses.weighted import Weighted

__all__ = [
    "LOSSES",
    "BinaryHinge",
    "BindGradient",
    "CrammerSinger",
    "Hinge",
    "Huber",
    "Loss",
    "Mae",
    "Mse",
    "Poisson",
    "ReadCost",
    "SigmoidCrossEntropy",
    "SigmoidMse",
    "SoftmaxCrossEntropy",
    "SquaredHinge",
    "Weighted",
]
