"""From inputs as they are stored to what a network takes: encoded, scaled. Knows nothing of files or splits."""
