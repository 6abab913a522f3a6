"""Activations: the registry with every entry in it; one family a file, one class an entry.

Knows nothing of layers with weights, losses or networks. To add an activation, write one class in one of these files.
"""

from nntrain.ops.activations import elementwise, formula, gated, units
from nntrain.ops.activations.base import ACTIVATIONS, Activation, Elementwise

__all__ = ["ACTIVATIONS", "Activation", "Elementwise", "elementwise", "formula", "gated", "units"]
