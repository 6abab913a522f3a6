"""The mean of the parameters over the last steps, which stands for them as the result (Polyak & Juditsky 1992).

Knows nothing of epochs or files.
"""

from collections.abc import Sequence

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.train.job import Job
from nntrain.train.state import State


class Average:
    """Records how the mean follows the parameters; ``shares`` are what a step keeps of it and takes of them.

    Up to the first step of the mean it equals the parameters, bit for bit.
    """

    def __init__(self, job: Job, state: State, chunk: int) -> None:
        self._first = first_step(job)
        theta = job.network.params.theta
        if state.average is None:
            raise ValueError("the state of a job with an average has none; begin with Job.start")
        if state.step == 0:
            np.copyto(state.average, theta)
        self._mean, self._theta, self._chunk = state.average, theta, chunk
        self.shares: Sequence[Array] = [np.zeros((), theta.dtype) for _ in range(2)]

    def values(self, step: int) -> tuple[float, float]:
        """Return the shares of the 1-based step: 1 − 1/k and 1/k in the k-th step of the mean."""
        k = max(1, step - self._first)
        return 1 - 1 / k, 1 / k

    def record(self, do: Calls) -> None:
        """Record the calls that follow an update: m ← (1 − 1/k) m + θ/k."""
        do.label, (keep, take) = "average", self.shares
        scratch: Array = np.zeros(min(self._chunk, self._theta.size), self._theta.dtype)
        for start in range(0, self._theta.size, self._chunk):
            mean, theta = (vector[start : start + self._chunk] for vector in (self._mean, self._theta))
            do(np.multiply, mean, keep, out=mean)
            do(np.multiply, theta, take, out=scratch[: len(theta)])
            do(np.add, mean, scratch[: len(theta)], out=mean)


def first_step(job: Job) -> int:
    """Return after how many steps the mean begins."""
    return round((job.training.average or 0.0) * job.total_steps)
