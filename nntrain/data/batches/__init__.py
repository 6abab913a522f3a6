"""Minibatches: in which order examples come, and how they are gathered. Knows nothing of networks."""
