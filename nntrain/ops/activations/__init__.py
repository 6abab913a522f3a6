"""Activations: the registry with every entry in it; one class an entry, one family a file, imported when asked for.

To add an activation, write one class in one of these files. Knows nothing of layers with weights, losses or networks.
"""

from nntrain.ops.activations.base import ACTIVATIONS, Activation, Elementwise

ACTIVATIONS.find_in(__name__, "elementwise", "rectifiers", "formula", "gated", "units")

__all__ = ["ACTIVATIONS", "Activation", "Elementwise"]
