"""Losses, each with its output unit."""

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
