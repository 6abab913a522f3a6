"""What a data set is like before a model sees it, and what in it deserves a second look."""
