"""The Python interface: what ``import nntrain`` offers. Knows nothing of terminals, and leaves the process as it is."""
