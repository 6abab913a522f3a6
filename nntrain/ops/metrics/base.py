"""What a metric is: numbers added up over the examples, and the figure that is made of the sums; or of all at once.

``values`` is the formula on whole arrays and suffices for a new metric; ``bind`` may be overridden with the same
numbers from calls in place, without temporaries, and the tests hold both equal. Knows no metric, and nothing of epochs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.registry import Registry
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace
from nntrain.ops.losses import Loss

ReadSums = Callable[[], Sequence[float]]


class Metric(ABC):
    """A figure of how good a network is, beside its cost. Every entry says ``higher_is_better``."""

    kind: str
    formula: ClassVar[str] = ""
    tasks: ClassVar[Sequence[Task]] = ()
    higher_is_better: ClassVar[bool]
    default: ClassVar[bool] = False  # whether its tasks measure it where a spec names no metrics
    in_target_units: ClassVar[bool] = False  # whether it is told in the units of the targets, which may be scaled
    needs_probabilities: ClassVar[bool] = False
    whole: ClassVar[bool] = False  # whether it needs all examples at once, and is not made of sums
    shares: ClassVar[str] = ""  # metrics with the same text here have the same sums, which are added up once

    @property
    def name(self) -> str:
        """The figure's name in records and monitors; two metrics of a run may not have the same."""
        return self.kind

    def is_called(self, name: str) -> bool:
        """Tell whether a figure of this name is of this kind, whatever the options."""
        return name == self.name

    def n_sums(self, width: int) -> int:
        """Return how many numbers are added up for ``width`` scores."""
        return 1

    @abstractmethod
    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        """Return what each example adds to the sum, (n,), or to each of k sums, (n, k).

        Scores z and encoded targets t are (n, c). y holds class indices (n,); with a single score, and for labels,
        truth values (n, c); otherwise numbers (n, c). The prediction is ``loss.link(z)``, the class that is decided for
        ``loss.choose(z)``.
        """

    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSums:
        """Record the sums over a batch and return how to read them; z, t and y are left alone.

        This default calls ``values``.
        """
        sums: list[float] = []

        def add_up() -> None:
            sums[:] = np.atleast_1d(self.values(z, t, y, loss).sum(axis=0, dtype=np.float64)).tolist()

        do(add_up)
        return lambda: sums

    def spread(self, t: Array) -> float:
        """Return what the figure needs to know of all targets t (N, c) of a part of the data."""
        return 0.0

    def figure(self, sums: Sequence[float], n: int, width: int, spread: float) -> float:
        """Return the figure for sums over n examples with ``width`` scores each; by default their mean."""
        return sums[0] / n


class WholeMetric(Metric):
    """A figure of all examples at once, such as one of their order: ``of`` is its formula, and nothing is added up."""

    whole: ClassVar[bool] = True

    @abstractmethod
    def of(self, z: Array, t: Array, y: Array, loss: Loss) -> float:
        """Return the figure of all examples of a part; z, t and y are as in ``values``."""

    def n_sums(self, width: int) -> int:
        return 0

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        return np.zeros((len(z), 0))


def class_indices(y: Array) -> Array:
    """Return the true class of each example (n,): y holds indices, or truth values (n, 1) beside a single score."""
    return y.astype(np.int64) if y.ndim == 1 else (y[:, 0] > 0).astype(np.int64)


def is_multilabel(z: Array, y: Array) -> bool:
    """Tell whether y (n, k) says of each of several labels whether it is there."""
    return y.ndim == 2 and z.shape[1] > 1


METRICS: Registry[Metric] = Registry("metrics", "metric")
