"""Pictures, with Matplotlib. The only room that knows it. Knows nothing of run directories."""
