"""Activations: the registry with every entry in it; one family a file, one class an entry.

A family is imported when one of its kinds is asked for. To add an activation, write one class in one of these files.
Knows nothing of layers with weights, losses or networks.
"""

from nntrain.ops.activations.base import ACTIVATIONS, Activation, Elementwise

ACTIVATIONS.find_in(__name__, "elementwise", "rectifiers", "formula", "gated", "units")

__all__ = ["ACTIVATIONS", "Activation", "Elementwise"]
