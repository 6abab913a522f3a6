"""Losses: the registry with every entry in it; one family a file, one class an entry.

To add a loss, write one class in one of these files: ``cost``, ``gradient`` and ``formula``. Knows nothing of layers.
"""

from nntrain.ops.losses.base import LOSSES, BindGradient, Loss, ReadCost
from nntrain.ops.losses.entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.losses.hinge import BinaryHinge, Hinge
from nntrain.ops.losses.squared import Huber, Mse, SigmoidMse

__all__ = [
    "LOSSES",
    "BinaryHinge",
    "BindGradient",
    "Hinge",
    "Huber",
    "Loss",
    "Mse",
    "ReadCost",
    "SigmoidCrossEntropy",
    "SigmoidMse",
    "SoftmaxCrossEntropy",
]
