"""The command line: one command a file, each of which imports its work inside the function, so that help is fast."""

from nntrain.cli.entry import main

__all__ = ["main"]
