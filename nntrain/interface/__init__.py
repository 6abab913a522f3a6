"""The Python interface: what ``import nntrain`` offers. Prints nothing, sets no signal handlers, keeps BLAS threads."""
