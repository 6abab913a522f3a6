"""The commands, one a file, named as the command is typed. Knows nothing of how typer calls them."""
