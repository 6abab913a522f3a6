"""Foundations: registries, field types, parameters, call lists, random streams. Knows nothing of models or data."""
