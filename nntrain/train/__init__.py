"""Training: the step, the loop, its state and its records. Computes and yields; writes, prints and draws nothing."""
