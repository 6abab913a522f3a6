"""The numerical gradient of a function of a vector, to check the analytic one. Knows nothing of networks or data.

Works in float64 and entry by entry, on functions given by their values and one gradient.
"""

from nntrain.gradcheck.numeric.compare import METHODS, Imaginary, Options, check, compare
from nntrain.gradcheck.numeric.finite_differences import Slope
from nntrain.gradcheck.numeric.gradient_report import Direction, Entry, Report

__all__ = ["METHODS", "Direction", "Entry", "Imaginary", "Options", "Report", "Slope", "check", "compare"]
