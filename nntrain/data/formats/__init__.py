"""File formats: bytes on disk to arrays, each value checked. Knows nothing of tasks, targets or splits."""
