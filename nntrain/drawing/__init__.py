"""Pictures of the cost curves; the only package that knows Matplotlib. Knows nothing of run directories."""
