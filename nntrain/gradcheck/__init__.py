"""The numerical gradient checks the analytic one, in float64 and entry by entry.

Knows functions of a vector, given by their values and one gradient; not networks, layers or data.
"""

from nntrain.gradcheck.comparing import METHODS, Imaginary, Options, check, compare
from nntrain.gradcheck.report import Direction, Entry, Report
from nntrain.gradcheck.slopes import Slope

__all__ = ["METHODS", "Direction", "Entry", "Imaginary", "Options", "Report", "Slope", "check", "compare"]
