"""All figures, from plain arrays and texts; the only package that knows Matplotlib. Knows nothing of run directories.

``style`` is what all have in common, ``sheet`` their layout; each other file is one kind of picture.
"""
