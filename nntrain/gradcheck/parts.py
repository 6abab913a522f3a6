"""Checks every registered part on random numbers, and every model with all its losses and activations.

Knows nothing of specs or files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from nntrain.core.params import Params
from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array, Task
from nntrain.gradcheck.localise import Finding, name_of
from nntrain.gradcheck.network_check import TensorCheck, check_network
from nntrain.gradcheck.numeric import Options, Report
from nntrain.gradcheck.stages import OneLayer, OneLoss, OnePenalty, Stage, compare_stage
from nntrain.gradcheck.subject import Subject
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS, Activation
from nntrain.ops.layers import Layer
from nntrain.ops.losses import LOSSES, Loss
from nntrain.ops.models import MODELS, Model
from nntrain.ops.penalties import Penalty

ROWS = 8  # examples
TASKS: Sequence[Task] = ("classification", "multilabel", "regression")  # tasks that data can have
ALONE = Options(method="both")
TOGETHER = Options(probes=6, method="both")  # entries of each tensor that are compared


@dataclass(frozen=True, slots=True)
class PartCheck:
    """The check of one part, or of a model with one loss and all activations.

    For a part, ``group`` is activation, loss, layer or penalty, and ``name`` its kind; for a model, they are its kind
    and that of the loss.
    """

    group: str
    name: str
    reports: Sequence[Report]
    smooth: bool = True  # whether it is analytic everywhere, rather than piecewise
    members: int = 0  # number of activations that the model was checked with
    findings: Sequence[Finding] = ()

    @property
    def agrees(self) -> bool:
        """Whether no gradient contradicts its derivative."""
        return all(report.agrees for report in self.reports)


def check_parts() -> Iterator[PartCheck]:
    """Check all registered activations, losses, layers and penalties, and all pairs of models and losses."""
    for kind, unit in ACTIVATIONS.items():
        yield PartCheck("activation", kind, _layer(unit()), unit().smooth)
    for kind, entry in LOSSES.items():
        yield PartCheck("loss", kind, _loss(entry()), not entry.kinked)
    for kind, layer in _layers().items():
        yield PartCheck("layer", kind, _layer(layer))
    for name, penalty in (("l1", Penalty(l1=1e-2)), ("l2", Penalty(l2=1e-2))):
        yield PartCheck("penalty", name, _penalty(penalty), penalty.smooth)
    for model in MODELS:
        for loss in LOSSES:
            yield from _grid(model, loss)


def _reports(stage: Stage, complex_stage: Stage) -> list[Report]:
    return [report for _, _, report in compare_stage(stage, ALONE, complex_stage=complex_stage)]


def _layer(layer: Layer) -> list[Report]:
    """Check a layer with three outputs: inputs of both signs, large ones, and some exactly on its kinks."""
    rng = _random()
    n_in = layer.dense_width(3) if isinstance(layer, Activation) else 4
    x = rng.normal(size=(ROWS, n_in))
    x[0] *= 30
    x[1] = 0
    for row, point in enumerate(getattr(layer, "kinks", ()), start=2):
        x[row % ROWS, 0] = point
    params = Params([layer.shapes(n_in)], np.float64)
    layer.initialize(params.values[0], rng)
    params.theta += rng.normal(size=params.size) / 5
    p, d = vars(params.values[0]), rng.normal(size=(ROWS, layer.n_out(n_in)))
    return _reports(*(OneLayer(layer, x.astype(dtype), p, d, seed=0) for dtype in ("f8", "c16")))


def _loss(loss: Loss) -> list[Report]:
    """Check a loss on targets of every task it is for."""
    rng, found = _random(), []
    for task in loss.tasks:
        y = _targets(task, rng)
        width = loss.width(3 if task == "classification" else 0, 3)
        t, z = loss.encode(y, width, np.dtype(np.float64)), 2 * rng.normal(size=(ROWS, width))
        found += _reports(*(OneLoss(loss, z.astype(dtype), t) for dtype in ("f8", "c16")))
    return found


def _penalty(penalty: Penalty) -> list[Report]:
    """Check a penalty on weights of which every fifth is 0."""
    w = _random().normal(size=20) * (np.arange(20) % 5 > 0)
    return _reports(*(OnePenalty(penalty, w.astype(dtype)) for dtype in ("f8", "c16")))


def _layers() -> dict[str, Layer]:
    """Return one of each kind of layer that the models are built of, activations apart."""
    found: dict[str, Layer] = {}
    for model in MODELS.values():
        dropped = {"dropout": (0.5,)} if "dropout" in _fields(model) else {}
        for layer in model(**dropped).layers(4, 3):
            if not isinstance(layer, Activation):
                found.setdefault(name_of(layer), layer)
    return found


def _grid(model: str, loss: str) -> Iterator[PartCheck]:
    """Check a model with a loss and each activation; nothing where they do not go together."""
    takes_unit = "activation" in _fields(MODELS[model])
    checks: list[TensorCheck] = []
    findings: list[Finding] = []
    units = list(ACTIVATIONS) if takes_unit else [None]
    for unit in units:
        subject = _small(model, unit, loss)
        if subject is None:
            return
        found = check_network(subject, TOGETHER)
        checks += found.tensors
        findings += found.findings
    smooth = not LOSSES[loss].kinked and all(ACTIVATIONS[unit]().smooth for unit in units if unit)
    reports = [check.report for check in checks]
    yield PartCheck(model, loss, reports, smooth, len(units) if takes_unit else 0, findings)


def _small(model: str, unit: str | None, loss: str) -> Subject | None:
    """Return a small network of this combination with random parameters, or None if the parts do not fit together."""
    hidden = {"hidden": (4, 3), "activation": (ACTIVATIONS[unit](),)} if unit is not None else {}
    entry, cost = MODELS[model](**hidden), LOSSES[loss]()
    task = next((task for task in TASKS if entry.task(task) in cost.tasks), None)
    if task is None or entry.loss_problem(cost) is not None:
        return None
    rng = _random()
    X, y = rng.uniform(0.0, 1.0, (ROWS, 5)), _targets(task, rng)
    if entry.task(task) == "reconstruction":
        t = X
    else:
        width = cost.width(3 if y.ndim == 1 else 0, 3)
        t = cost.encode(y, width, np.dtype(np.float64))
    network = Network(entry.layers(X.shape[1], t.shape[1]), cost, n_in=X.shape[1], dtype="float64")
    network.initialize(0)
    network.params.theta += rng.normal(size=network.params.size) / 10
    return Subject(network, Penalty(), X, t)


def _targets(task: Task, rng: np.random.Generator) -> Array:
    """Return targets of eight examples: of three classes, three labels or three numbers."""
    if task == "classification":
        return np.arange(ROWS) % 3
    y = rng.uniform(0.0, 1.0, (ROWS, 3))
    return np.rint(y) if task == "multilabel" else y


def _random() -> np.random.Generator:
    """Return a generator with the same numbers for every part, so that no check depends on the other parts."""
    return generator(0, Stream.PROBE)


def _fields(kind: type[Model] | type[Layer]) -> set[str]:
    return {field.name for field in fields(kind)}  # type: ignore[arg-type]
