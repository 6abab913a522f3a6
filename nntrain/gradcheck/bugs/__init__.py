"""Mistakes in backpropagation to plant on purpose, to test that the check finds them. Knows nothing of specs."""
