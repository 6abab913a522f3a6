"""The metrics of a run, measured together. Knows no metric by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.terms import Sums
from nntrain.core.types import Array, Task
from nntrain.core.workspace import Workspace
from nntrain.ops.losses import Loss
from nntrain.ops.metrics.base import METRICS, Metric, ReadSums, WholeMetric


class MetricSet:
    """Metrics of one task, for targets whose 1 stands for ``unit``; their sums stand in one flat list.

    ``judge`` is the loss that decides and gives probabilities, where it is not the one that was trained with.
    """

    def __init__(self, metrics: Sequence[Metric], task: Task, unit: float = 1.0, judge: Loss | None = None) -> None:
        self.metrics, self.task, self.unit, self.judge = tuple(metrics), task, unit, judge
        self._places: dict[int, Sequence[slice | None]] = {}  # by the number of scores

    def wanted(self, y: Array, width: int) -> Array:
        """Return targets y in the form that ``width`` scores are compared with: see ``Metric.values``."""
        if self.task not in ("classification", "multilabel") or (y.ndim == 1 and width > 1):
            return y
        return np.asarray(y.reshape(len(y), -1) > 0, order="F")

    def bind(self, do: Calls, z: Array, t: Array, y: Array, loss: Loss, ws: Workspace) -> ReadSums:
        """Record the sums over a batch of scores z and targets t (n, c), and y from ``wanted``; z is left alone.

        What needs all examples at once is no sum: see ``whole``.
        """
        summed = [metric for metric, first in self._with_first() if metric is first]
        if self.judge is None:
            reads = [metric.bind(do, z, t, y, loss, ws) for metric in summed]
        else:  # recorded calls decide by the scores alone
            reads = [Metric.bind(metric, do, z, t, y, self.judge, ws) for metric in summed]
        told = [read for read in reads if isinstance(read, Sums)]
        if len(told) == len(reads):
            return Sums([part for read in told for part in read.parts])
        return lambda: [value for read in reads for value in read()]

    def n_sums(self, width: int) -> int:
        """Return how many sums ``bind`` reads for ``width`` scores."""
        return sum(metric.n_sums(width) for metric, first in self._with_first() if metric is first)

    def spreads(self, t: Array) -> Sequence[float]:
        """Return what each figure needs to know of all targets t (N, c) of a part."""
        return [metric.spread(t) for metric in self.metrics]

    def figures(self, sums: Sequence[float], n: int, width: int, spreads: Sequence[float]) -> Mapping[str, float]:
        """Return the figures by name, for sums over n examples with ``width`` scores each."""
        places = self._places.get(width)
        if places is None:
            places = self._places[width] = self._find_places(width)
        return {
            metric.name: (self.unit if metric.in_target_units else 1.0) * metric.figure(sums[place], n, width, spread)
            for metric, place, spread in zip(self.metrics, places, spreads, strict=True)
            if place is not None
        }

    @property
    def needs_all(self) -> bool:
        """Whether a metric needs all examples of a part at once."""
        return any(metric.whole for metric in self.metrics)

    def whole(self, z: Array, t: Array, y: Array, loss: Loss) -> Mapping[str, float]:
        """Return the figures of all examples at once, by name: scores z and targets t (n, c), and y from ``wanted``."""
        return {
            metric.name: (self.unit if metric.in_target_units else 1.0) * metric.of(z, t, y, self.judge or loss)
            for metric in self.metrics
            if isinstance(metric, WholeMetric)
        }

    def of_rows(self, z: Array, t: Array, y: Array, loss: Loss) -> Callable[[Array], dict[str, float]]:
        """Return the figures by name as a function of the rows (m,) that count, some of them perhaps several times."""
        summed = [metric for metric, first in self._with_first() if metric is first]
        parts = [metric.values(z, t, y, self.judge or loss).reshape(len(z), -1) for metric in summed]
        values = np.hstack([np.zeros((len(z), 0)), *parts])  # (n, sums) float64

        def figures(rows: Array) -> dict[str, float]:
            sums, spreads = values[rows].sum(axis=0).tolist(), self.spreads(t[rows])
            found = self.figures(sums, len(rows), z.shape[1], spreads)
            whole = self.whole(z[rows], t[rows], y[rows], loss) if self.needs_all else {}
            return self.in_order({**found, **whole})

        return figures

    def in_order(self, figures: Mapping[str, float]) -> dict[str, float]:
        """Return figures in the order of the metrics."""
        return {metric.name: figures[metric.name] for metric in self.metrics}

    def problems(self, loss: Loss) -> list[str]:
        """Return each metric that does not fit the task or the loss, as ``path: what is wrong``."""
        found = []
        for place, metric in enumerate(self.metrics):
            if self.task not in metric.tasks:
                fits = " or ".join(metric.tasks)
                found.append(f"metrics.{place}: {metric.kind} is for {fits}, the data are {self.task}")
            elif metric.needs_probabilities and not loss.gives_probabilities:
                kind = getattr(loss, "kind", "the loss")
                found.append(f"metrics.{place}: {metric.kind} needs probabilities, and {kind} gives none")
        return found

    def _find_places(self, width: int) -> Sequence[slice | None]:
        """Return where the sums of each metric stand in the flat list; None for one that is no sum."""
        place: dict[Metric, slice] = {}
        for metric, first in self._with_first():
            start = max((cut.stop for cut in place.values()), default=0)
            place[metric] = place.get(first, slice(start, start + metric.n_sums(width)))
        return [place.get(metric) for metric in self.metrics]

    def _with_first(self) -> Iterator[tuple[Metric, Metric]]:
        """Yield each metric with the first one that has the same sums: often itself."""
        for metric in (metric for metric in self.metrics if not metric.whole):
            shares = (other for other in self.metrics if metric.shares and other.shares == metric.shares)
            yield metric, next(shares, metric)


def higher_is_better(monitor: str, metrics: Sequence[Metric]) -> bool:
    """Tell whether a figure such as ``validation.accuracy`` is better the higher it is; a cost is not."""
    _, _, name = monitor.partition(".")
    return any(metric.higher_is_better for metric in metrics if metric.is_called(name))


def default_metrics(task: Task) -> Sequence[Metric]:
    """Return the metrics of a task whose spec names none."""
    return [entry() for entry in METRICS.values() if entry.default and task in entry.tasks]
