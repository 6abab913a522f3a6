"""Metrics: the registry with every entry in it; one kind of task a file, one class an entry.

To add a metric, write one class in one of these files: ``values``, ``formula``, ``tasks`` and ``higher_is_better``.
Knows nothing of epochs or files.
"""

from nntrain.ops.metrics.base import METRICS, Metric, ReadSums
from nntrain.ops.metrics.classification import Accuracy, MacroF1
from nntrain.ops.metrics.metric_set import MetricSet, default_metrics, higher_is_better
from nntrain.ops.metrics.regression import R2, Mae, Rmse

__all__ = [
    "METRICS",
    "R2",
    "Accuracy",
    "MacroF1",
    "Mae",
    "Metric",
    "MetricSet",
    "ReadSums",
    "Rmse",
    "default_metrics",
    "higher_is_better",
]
