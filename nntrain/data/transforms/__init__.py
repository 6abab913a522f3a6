"""Turns stored inputs into the inputs of a network: encodes and scales them. Knows nothing of files or splits."""
