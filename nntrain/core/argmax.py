"""The place of the largest entry of each row, as a recorded call. Knows nothing of scores or classes."""

from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class ArgMax:
    """``argmax(z, out)``: out_i = argmax_j z_ij, the first of equals, for z (n, k) stored column after column.

    ``scratch`` (n, k) is stored row after row. NumPy would allocate it in every call.
    """

    scratch: Array

    @property
    def __name__(self) -> str:
        return "argmax"

    def __call__(self, z: Array, out: Array) -> None:
        np.copyto(self.scratch, z)
        self.scratch.argmax(1, out)
