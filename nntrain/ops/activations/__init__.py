"""Activations: one family a file, one class an entry. Knows nothing of layers with weights or of losses."""
