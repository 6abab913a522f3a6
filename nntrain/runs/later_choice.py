"""A threshold or a temperature for a trained model, chosen on its validation rows and kept beside its checkpoint.

The test part is never looked at. Knows nothing of terminals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.errors import DataError, SpecError
from nntrain.ops.losses.decided import Decided, lead_of
from nntrain.ops.metrics import METRICS, MetricSet
from nntrain.runs.decision import Decision
from nntrain.runs.decision_file import write_decision
from nntrain.runs.temperature import find_temperature, likelihood_of
from nntrain.runs.threshold import Aim, choose_threshold
from nntrain.runs.trained import Trained
from nntrain.train.evaluate import scores

PART = "validation"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, on how many rows, where it is kept, and figures of those rows (before, after) by name."""

    decision: Decision
    rows: int
    file: Path
    figures: Mapping[str, tuple[float, float]]


def tune_threshold(model: Trained, aim: Aim) -> Outcome:
    """Choose the threshold between two classes that is best on the validation rows, and keep it.

    ``model`` is opened with what was decided before: a temperature stays. SpecError for a model that it is not for,
    DataError where the validation rows cannot decide it.
    """
    model.need_probabilities("tune-threshold")
    facts, decision = model.assembly.facts, model.assembly.decision
    if len(facts.class_names) != 2:
        what = f"{len(facts.class_names)} classes" if facts.class_names else model.assembly.task
        raise SpecError(f"tune-threshold: is for models of two classes that give probabilities, this one has {what}")
    part, z = _scored(model)
    counts = np.bincount(part.y, minlength=2)
    if not counts.all():
        name = facts.class_names[int(counts.argmin())]
        raise DataError(f"data: no validation row is of class {name!r}, so nothing shows where the threshold lies")
    usual = model.assembly.loss.threshold if z.shape[1] == 1 else 0.0
    found = choose_threshold(lead_of(z), part.y == 1, aim, usual)
    decided = replace(decision, margin=found.margin)
    decided = decided.because("margin", f"the best for {aim.text} on {len(part)} validation rows")
    return _keep(model, decided, len(part), {aim.text: (found.before, found.after)})


def calibrate(model: Trained) -> Outcome:
    """Choose the temperature under which the validation rows are likeliest, and keep it; a threshold stays.

    A threshold is kept as the lead of the second class, so that no decision changes.
    """
    model.need_probabilities("calibrate")
    part, z = _scored(model)
    loss, task = model.assembly.loss, model.assembly.task
    t, y = model.assembly.targets(part)
    t = model.assembly.network.loss.targets_of(t)
    kinds = ("log_loss", "brier", "ece") if task == "classification" else ("log_loss", "brier")

    def measure(temperature: float, names: tuple[str, ...]) -> dict[str, float]:
        metrics = MetricSet([METRICS[kind]() for kind in names], task, judge=Decided(loss, None, temperature))
        return metrics.of_rows(z, t, y, loss)(np.arange(len(z)))

    likelihood = likelihood_of(loss, z.shape[1])
    if likelihood is None:
        raise SpecError("calibrate: is for probabilities by softmax or sigmoid")
    exact, encoded = z.astype(np.float64), likelihood.encode(part.y, z.shape[1], np.dtype(np.float64))
    found = find_temperature(lambda temperature: float(likelihood.cost(exact / temperature, encoded).mean()))
    if found is None:
        raise DataError(
            f"data: no temperature is best on the {len(part)} validation rows: "
            "scores part them perfectly, or not at all; give more of them"
        )
    before, after = measure(model.assembly.decision.temperature, kinds), measure(found, kinds)
    decided = replace(model.assembly.decision, temperature=found)
    decided = decided.because("temperature", f"the likeliest for {len(part)} validation rows")
    return _keep(model, decided, len(part), {name: (before[name], after[name]) for name in kinds})


def forget(model: Trained, name: str) -> Path:
    """Take the ``margin`` or the ``temperature`` back; return the file that kept it."""
    default = {"margin": None, "temperature": 1.0}[name]
    values: dict[str, Any] = {name: default}
    return _write(model, replace(model.assembly.decision, **values))


def _scored(model: Trained) -> tuple[Part, Array]:
    part = model.part(PART).part
    return part, scores(model.assembly.network, part.X)


def _keep(model: Trained, decision: Decision, rows: int, figures: Mapping[str, tuple[float, float]]) -> Outcome:
    return Outcome(decision, rows, _write(model, decision), figures)


def _write(model: Trained, decision: Decision) -> Path:
    params = model.assembly.network.params
    return write_decision(model.path, dict(params.named(params.theta)), decision)
