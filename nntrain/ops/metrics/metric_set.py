"""The metrics of a run, measured together. Knows no metric by name."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.terms import Sums
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, Metric, ReadSums


class MetricSet:
    """Metrics of one task, for targets whose 1 stands for ``unit``; their sums stand in one flat list."""

    def __init__(self, metrics: Sequence[Metric], task: Task, unit: float = 1.0) -> None:
        self.metrics, self.task, self.unit = tuple(metrics), task, unit

    def wanted(self, y: Array, width: int) -> Array:
        """Return targets y in the form that ``width`` scores are compared with: see ``Metric.values``."""
        if self.task not in ("classification", "multilabel") or (y.ndim == 1 and width > 1):
            return y
        return np.asarray(y.reshape(len(y), -1) > 0, order="F")

    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSums:
        """Record the sums over a batch of scores z and targets t (n, c), and y from ``wanted``; z is left alone."""
        reads = [metric.bind(do, z, t, y, loss, ws) for metric, first in self._with_first() if metric is first]
        told = [read for read in reads if isinstance(read, Sums)]
        if len(told) == len(reads):
            return Sums([part for read in told for part in read.parts])
        return lambda: [value for read in reads for value in read()]

    def spreads(self, t: Array) -> Sequence[float]:
        """Return what each figure needs to know of all targets t (N, c) of a part."""
        return [metric.spread(t) for metric in self.metrics]

    def figures(self, sums: Sequence[float], n: int, width: int, spreads: Sequence[float]) -> Mapping[str, float]:
        """Return the figures by name, for sums over n examples with ``width`` scores each."""
        place: dict[Metric, slice] = {}
        for metric, first in self._with_first():
            start = max((cut.stop for cut in place.values()), default=0)
            place[metric] = place.get(first, slice(start, start + metric.n_sums(width)))
        return {
            metric.name: (self.unit if metric.in_target_units else 1.0) * metric.figure(sums[cut], n, width, spread)
            for (metric, cut), spread in zip(place.items(), spreads, strict=True)
        }

    def problems(self) -> list[str]:
        """Return each metric that does not fit the task, as ``path: what is wrong``."""
        return [
            f"metrics.{place}: {metric.kind} is for {' or '.join(metric.tasks)}, the data are {self.task}"
            for place, metric in enumerate(self.metrics)
            if self.task not in metric.tasks
        ]

    def _with_first(self) -> Iterator[tuple[Metric, Metric]]:
        """Yield each metric with the first one that has the same sums: often itself."""
        for metric in self.metrics:
            shares = (other for other in self.metrics if metric.shares and other.shares == metric.shares)
            yield metric, next(shares, metric)


def higher_is_better(monitor: str, metrics: Sequence[Metric]) -> bool:
    """Tell whether a figure such as ``validation.accuracy`` is better the higher it is; a cost is not."""
    _, _, name = monitor.partition(".")
    return any(metric.higher_is_better for metric in metrics if metric.name == name)


def default_metrics(task: Task) -> Sequence[Metric]:
    """Return the metrics of a task whose spec names none."""
    return [entry() for entry in METRICS.values() if entry.default and task in entry.tasks]
