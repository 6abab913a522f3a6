"""Figures of a part beside those that a run measures while it trains, and the intervals of all of them.

Knows nothing of checkpoints and of where the data come from.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.data.dataset import Part
from nntrain.errors import SpecError, did_you_mean
from nntrain.ops.metrics import METRICS, Metric, MetricSet
from nntrain.runs.assembly import Assembly
from nntrain.runs.bootstrap import bootstrap
from nntrain.train.evaluate import scores

ALL = "all"


def choose_metrics(assembly: Assembly, kinds: Sequence[str]) -> MetricSet:
    """Return the metrics of the run, and those of these kinds, each once; ``all`` are those that fit the model.

    SpecError for a kind that there is not, or that does not fit.
    """
    own = assembly.metrics
    unknown = [kind for kind in kinds if kind != ALL and kind not in METRICS]
    if unknown:
        raise SpecError(f"--metrics: no such metric, got '{unknown[0]}'{did_you_mean(unknown[0], [ALL, *METRICS])}")
    asked: list[Metric] = [METRICS[kind]() for kind in kinds if kind != ALL]
    problems = MetricSet(asked, own.task, own.unit).problems(assembly.loss)
    if problems:
        raise SpecError(*(f"--metrics: {problem.partition(': ')[2]}" for problem in problems))
    if ALL in kinds:
        every = [entry() for entry in METRICS.values()]
        asked += [metric for metric in every if not MetricSet([metric], own.task).problems(assembly.loss)]
    chosen = {metric.name: metric for metric in (*own.metrics, *asked)}
    return MetricSet(list(chosen.values()), own.task, own.unit, own.judge)


def measure(assembly: Assembly, metrics: MetricSet, part: Part, *, intervals: bool) -> dict[str, Any]:
    """Return the figures of these metrics by name; with ``intervals`` also ``intervals``, [low, high] of each."""
    t, y = assembly.targets(part)
    t = assembly.network.loss.targets_of(t)
    z = scores(assembly.network, part.X)
    of_rows = metrics.of_rows(z, t, y, assembly.loss)
    figures: dict[str, Any] = dict(of_rows(np.arange(len(z))))
    return {**figures, "intervals": bootstrap(of_rows, len(z))} if intervals else figures
