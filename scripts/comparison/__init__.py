"""nntrain and scikit-learn on the same rows: which data sets, and how each side reads and learns them."""
