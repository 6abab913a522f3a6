"""Files of a run: its directory, checkpoints, metrics; a crash cannot damage them. Knows nothing of models or specs."""
