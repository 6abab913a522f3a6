"""Many runs as one: a plan of points, each an ordinary run; what they came to; which setting is best.

Knows nothing of the command line, and of runs only how to start one and where its result lies.
"""
