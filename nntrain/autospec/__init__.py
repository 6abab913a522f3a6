"""Writes a commented spec for a data file; each guess comes with its reason. Knows nothing of networks or training."""
