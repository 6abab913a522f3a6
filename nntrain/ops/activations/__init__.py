"""Activations: the registry with every entry in it; one family a file, one class an entry.

To add an activation, write one class in one of these files. Knows nothing of layers with weights, losses or networks.
"""

from nntrain.ops.activations import elementwise, rectifiers  # first, as they are listed in this order

# isort: split
from nntrain.ops.activations import formula, gated, units
from nntrain.ops.activations.base import ACTIVATIONS, Activation, Elementwise

__all__ = ["ACTIVATIONS", "Activation", "Elementwise", "elementwise", "formula", "gated", "rectifiers", "units"]
