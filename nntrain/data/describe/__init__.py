"""The facts of a data set before any model is trained on it, and advice on them. Knows nothing of networks."""
