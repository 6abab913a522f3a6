"""The numerical gradient checks the analytic one, in float64 and entry by entry.

Knows functions of a vector, given by their values and one gradient; not networks, layers or data.
"""

from nntrain.gradcheck.numeric.compare import METHODS, Imaginary, Options, check, compare
from nntrain.gradcheck.numeric.finite_differences import Slope
from nntrain.gradcheck.numeric.gradient_report import Direction, Entry, Report

__all__ = ["METHODS", "Direction", "Entry", "Imaginary", "Options", "Report", "Slope", "check", "compare"]
