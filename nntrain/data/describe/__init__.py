"""What a data set is like before a model sees it, and what deserves a second look. Knows nothing of networks."""
