"""``nntrain graph``: a formula or a network as a computational graph, forward and backward with all numbers."""

from nntrain.cli.graphing.command import graph

__all__ = ["graph"]
