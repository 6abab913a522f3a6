"""Checks the gradient of a function of a vector against numerical derivatives. Knows nothing of networks or data.

It works in float64, entry by entry, and needs only the values of the function and the gradient to check.
"""

from nntrain.gradcheck.numeric.compare import METHODS, Imaginary, Options, check, compare
from nntrain.gradcheck.numeric.comparison import Comparison
from nntrain.gradcheck.numeric.finite_differences import Slope
from nntrain.gradcheck.numeric.gradient_report import Direction, Entry, Report

__all__ = [
    "METHODS",
    "Comparison",
    "Direction",
    "Entry",
    "Imaginary",
    "Options",
    "Report",
    "Slope",
    "check",
    "compare",
]
