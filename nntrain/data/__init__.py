"""Data: from files or formulas to scaled arrays, split into training, validation and test parts.

Knows nothing of models, specs or run directories. Importing the package itself costs nothing; take what is needed from
its modules.
"""
