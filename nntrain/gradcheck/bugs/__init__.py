"""Mistakes of backpropagation to plant on purpose, to see that the check finds them. Knows nothing of specs."""
