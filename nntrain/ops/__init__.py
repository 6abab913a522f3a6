"""The mathematics: one registry a file, one class an entry. Knows arrays and parameters, not data, files or specs."""
