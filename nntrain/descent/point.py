"""What kind of point a descent ended at, by the gradient and by the eigenvalues of the Hessian.

Knows nothing of how one came there.
"""

from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array

STATIONARY = 1e-4  # a gradient is 0 if it is no longer than this times the largest curvature, or than this
ZERO = 1e-9  # an eigenvalue is 0 if it is smaller than this share of the largest one


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A point: the eigenvalues (n,) of its Hessian, the largest first, and the length of the gradient there."""

    eigenvalues: Array
    slope: float

    @classmethod
    def of(cls, hessian: Array, gradient: Array) -> "Point":
        """Return the point with this Hessian (n, n) and gradient (n,)."""
        return cls(np.linalg.eigvalsh((hessian + hessian.T) / 2)[::-1], float(np.linalg.norm(gradient)))

    @property
    def stationary(self) -> bool:
        """Whether the gradient is 0 here, as far as a descent can tell."""
        return self.slope <= STATIONARY * max(1.0, float(np.abs(self.eigenvalues).max()))

    @property
    def kind(self) -> str:
        """``minimum``, ``maximum``, ``saddle``, ``degenerate`` where an eigenvalue is 0, ``none`` on a slope."""
        largest = float(np.abs(self.eigenvalues).max())
        if not self.stationary:
            return "none"
        positive, negative = self.eigenvalues > ZERO * largest, self.eigenvalues < -ZERO * largest
        if positive.any() and negative.any():
            return "saddle"
        if not (positive | negative).all():
            return "degenerate"
        return "minimum" if positive.all() else "maximum"

    @property
    def in_words(self) -> str:
        """The kind with what follows from it."""
        return {
            "minimum": "minimum: all eigenvalues of the Hessian are positive",
            "maximum": "maximum: all eigenvalues of the Hessian are negative",
            "saddle": "saddle: the Hessian has positive and negative eigenvalues",
            "degenerate": "flat: an eigenvalue of the Hessian is 0, so it does not tell a minimum from a saddle",
            "none": f"none: the gradient is not 0 here, ‖∇f‖ = {self.slope:.3g}",
        }[self.kind]

    def largest_rate(self, momentum: float = 0.0) -> float | None:
        """Return the rate below which plain descent is stable here, 2/λmax; with momentum 2(1 + μ)/λmax.

        None where nothing curves upwards.
        """
        top = float(self.eigenvalues[0])
        return 2 * (1 + momentum) / top if top > 0 else None
