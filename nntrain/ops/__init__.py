"""The mathematics: one registry a file, one class an entry. Knows nothing of data, files, specs or training runs."""
