"""Metrics: the registry with every entry in it; one kind of figure a file, one class an entry.

To add a metric, write one class in one of these files: ``values``, ``formula``, ``tasks`` and ``higher_is_better``; or
``of`` in place of ``values`` where it needs all examples at once. Knows nothing of epochs or files.
"""

from nntrain.ops.metrics.base import METRICS, Metric, ReadSums, WholeMetric
from nntrain.ops.metrics.class_counts import BalancedAccuracy, Kappa, MacroF1, Mcc, MicroF1, WeightedF1
from nntrain.ops.metrics.classification import Accuracy, TopK
from nntrain.ops.metrics.metric_set import MetricSet, default_metrics, higher_is_better
from nntrain.ops.metrics.probabilities import Brier, Ece, LogLoss
from nntrain.ops.metrics.ranks import AveragePrecision, RocAuc
from nntrain.ops.metrics.regression import R2, ExplainedVariance, Mae, MedianError, Rmse

__all__ = [
    "METRICS",
    "R2",
    "Accuracy",
    "AveragePrecision",
    "BalancedAccuracy",
    "Brier",
    "Ece",
    "ExplainedVariance",
    "Kappa",
    "LogLoss",
    "MacroF1",
    "Mae",
    "Mcc",
    "MedianError",
    "Metric",
    "MetricSet",
    "MicroF1",
    "ReadSums",
    "Rmse",
    "RocAuc",
    "TopK",
    "WeightedF1",
    "WholeMetric",
    "default_metrics",
    "higher_is_better",
]
