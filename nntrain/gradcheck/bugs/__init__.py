"""Mistakes of backpropagation that can be planted on purpose, to see that the check finds them."""
