"""What deserves a word at the end: a model no better than a baseline, a dead layer, a run that learned by heart.

Knows nothing of terminals.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from typing import Any

import numpy as np

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError
from nntrain.runs.curve_shape import overfit
from nntrain.runs.evaluation import Evaluation
from nntrain.runs.trained import Trained

FAR = 100.0  # a training cost of this many times the lowest deserves a word
CLOSE = 1e-6  # figures that differ by less than this share are the same
FLOOR = 0.02  # of the highest training cost: a rise of the validation cost by less is none
Records = Sequence[Mapping[str, Any]]


def remarks(summary: Mapping[str, Any], records: Records = ()) -> list[str]:
    """Return a line for each thing about a finished run that a user should not miss."""
    found = summary.get("baselines")
    lines = list(_at_chance(found, records)) if found else []
    if found and not lines:
        lines += _beside_neighbours(found, found["model"]["part"])
    return [*lines, *_collapsed(summary), *_by_heart(summary, records)]


def remarks_on_model(model: Trained, result: Evaluation) -> list[str]:
    """Return the like for the figures of a model on one part of the data of its run; nothing where that is not here."""
    try:
        summary = RunDir(model.path.resolve().parent.parent).read_summary() or {}
    except CheckpointError:
        return []
    found, figures, part = summary.get("baselines"), result.figures, str(result.figures["split"])
    kept = summary.get("epoch") == model.epoch
    lines: list[str] = []
    if found and part in found:
        metric = found["model"]["metric"]
        if metric in figures:
            lines += _at_chance({**found, "model": {"part": part, "metric": metric, "value": figures[metric]}}, ())
        if not lines and kept:
            lines += _beside_neighbours(found, part)
    return [*lines, *(_collapsed(summary) if kept else ())]


def _at_chance(found: Mapping[str, Any], records: Records) -> Iterator[str]:
    """Yield a line when a model is no better than a constant; with the epoch of a training cost far above the lowest.

    Nothing where that is not known.
    """
    part, metric, value = (found["model"][name] for name in ("part", "metric", "value"))
    least = found.get(part, {}).get(metric)
    if least is None or _is_better(metric, value, least):
        return
    got = "not a number" if value is None else f"{value:.4g}"
    line = f"{part}: {metric} {got} is no better than {found['answer']} ({least:.4g})"
    yield f"{line}{_rise(records)}; another optimizer.lr, scale or model may learn more"


def _beside_neighbours(found: Mapping[str, Any], part: str) -> Iterator[str]:
    near = found.get("neighbours") or {}
    own = near.get("parts", {}).get(part)
    if own is None:
        return
    if own["worse"]:
        metric = found["model"]["metric"]
        what = f"that of the {near['k']} nearest of {near['rows']:,} training rows ({own[metric]:.4g})"
        yield f"{part}: {metric} {own['model']:.4g} on {own['n']:,} rows is worse than {what}"


def _is_better(metric: str, value: float | None, least: float) -> bool:
    if value is None or isclose(value, least, rel_tol=CLOSE):
        return False
    return value > least if metric == "accuracy" else value < least


def _rise(records: Records) -> str:
    costs = [record["train"]["cost"] for record in records]
    top = max(range(len(costs)), key=costs.__getitem__, default=0)
    if not costs or costs[top] <= FAR * min(costs):
        return ""
    return f"; the training cost was {costs[top]:,.4g} in epoch {records[top]['epoch']}"


def _collapsed(summary: Mapping[str, Any]) -> Iterator[str]:
    for name, layer in (summary.get("layers") or {}).items():
        for fault, why in (("dead", "no gradient passes them"), ("saturated", "where the slope is nearly 0")):
            if layer.get(fault) == 1:
                yield f"layer {name}: all its units are {fault}, {why}; nntrain diagnose RUN says what mends it"


def _by_heart(summary: Mapping[str, Any], records: Records) -> Iterator[str]:
    """Yield a line when the validation cost has risen since an epoch while the training cost fell."""
    costs = [[(record.get(part) or {}).get("cost") for record in records] for part in ("train", "validation")]
    if not records or any(cost is None for line in costs for cost in line):
        return
    train, validation = (np.array(line, float) for line in costs)
    found = overfit(train, validation, FLOOR * float(train.max()))
    if found is None:
        return
    kept = f"; the weights of epoch {summary['epoch']} are kept" if summary.get("best") else ""
    rise = f"the cost has risen by {found.rise:.0%} since epoch {found.since}, while that of training fell"
    yield f"validation: {rise}: it learns by heart{kept}"
