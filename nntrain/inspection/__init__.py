"""What a spec or a checkpoint amounts to before anything is trained: layers, work, time, graph."""
