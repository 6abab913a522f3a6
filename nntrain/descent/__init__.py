"""Gradient descent on a formula: the path it takes, where it ends, and what kind of point that is.

Knows nothing of networks, data and terminals.
"""
