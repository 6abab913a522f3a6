"""A graph as text: tables, a tree, a walk through its nodes. Knows nothing of how a graph is asked for."""
