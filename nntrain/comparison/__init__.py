"""Runs against runs: what differs between them, how each ended, where two part. Reads run directories, changes none.

Knows nothing of terminals.
"""
