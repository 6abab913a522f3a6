"""The command line: arguments, signals, exit codes. Knows nothing of how the work is done.

Each command imports its work inside the function, so that help is fast.
"""

from nntrain.cli.entry import main

__all__ = ["main"]
