"""Training: the step, the loop, its state and its records. Knows nothing of files, terminals or pictures.

It computes and yields; whoever iterates over it writes, prints and draws.
"""
