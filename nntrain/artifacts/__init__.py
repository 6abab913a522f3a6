"""Everything that reaches the disk: run directories, checkpoints, metrics, curves. Knows nothing of models or specs."""
