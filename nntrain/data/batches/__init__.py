"""Minibatches: the order of the examples, and how they are gathered. Knows nothing of networks."""
