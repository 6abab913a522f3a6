"""Optimizers: the registry with every entry in it; one family a file, one class an entry.

To add an optimizer, write one class in one of these files: ``update`` and ``formula``. Knows nothing of layers.
"""

from nntrain.ops.optimizers.base import OPTIMIZERS, Optimizer
from nntrain.ops.optimizers.descent import Sgd  # first, as they are listed in this order

# isort: split
from nntrain.ops.optimizers.adaptive import AdaGrad, Adam, AdamW, RmsProp
from nntrain.ops.optimizers.quasi_newton import Lbfgs

__all__ = ["OPTIMIZERS", "AdaGrad", "Adam", "AdamW", "Lbfgs", "Optimizer", "RmsProp", "Sgd"]
