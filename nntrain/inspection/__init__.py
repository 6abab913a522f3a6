"""What a spec amounts to before training: layers, memory, time of a step, graph. Knows nothing of run directories."""
