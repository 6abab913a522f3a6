"""A run read back to be examined: its spec, curve and data, its network, and the states at its start and at its end.

The run directory is only read. Knows nothing of verdicts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.core.types import Array
from nntrain.data.dataset import Dataset, Part
from nntrain.data.prepare import prepare
from nntrain.diagnosis.constant_scores import cost_of_constants
from nntrain.errors import CheckpointError, DataError, SpecError
from nntrain.ops.penalties import Penalty
from nntrain.runs.assembly import Assembly, assemble
from nntrain.runs.initial_weights import InitialWeights
from nntrain.runs.position import position_of
from nntrain.spec import Loaded, reload
from nntrain.train.evaluate import Evaluator
from nntrain.train.job import Job
from nntrain.train.state import State

FLOOR = 0.02  # of the cost of constants: any cost below it is as good as none (1e-5 and 1e-3 are both "all learned")
ROWS = 2000  # rows on which units and curvature are measured


@dataclass(frozen=True, slots=True, eq=False)
class Trainee:
    """Data and a network that can be trained on them again and again, and scored without the penalty."""

    loaded: Loaded
    data: Dataset
    assembly: Assembly
    job: Job
    train: Evaluator
    validation: Evaluator | None
    parent: InitialWeights | None = None

    @classmethod
    def of(cls, loaded: Loaded, data: Dataset | None = None, parent: InitialWeights | None = None) -> "Trainee":
        """Return what a spec trains. Data that are given are taken instead of the spec's."""
        spec = loaded.spec
        data = data or prepare(spec.data, seed=spec.seed, dtype=spec.train.dtype)
        assembly = assemble(spec, data)
        job = assembly.job(data.train, data.validation)
        return cls(
            loaded,
            data,
            assembly,
            job,
            _scorer(assembly, data.train),
            _scorer(assembly, data.validation) if data.validation else None,
            parent,
        )

    def changed(self, overrides: Sequence[str], data: Dataset | None = None) -> "Trainee":
        """Return the same with settings laid over the spec; the data are read anew where the settings touch them."""
        touched = any(item.startswith("data") for item in overrides)
        loaded = reload(self.loaded.resolved, overrides)
        fresh = any(item.startswith("model") for item in overrides)
        return Trainee.of(loaded, data or (None if touched else self.data), None if fresh else self.parent)

    def start(self) -> State:
        """Return the state before the first step, the parameters being the initial ones."""
        network = self.job.network
        network.initialize(self.loaded.spec.seed)
        if self.parent is not None:
            network.params.load(self.parent.tensors(network.params)[0])
        return self.job.start()


class DiagnosedRun:
    """A run directory read back; ``trainee`` repeats its training. Raises CheckpointError, DataError, SpecError."""

    def __init__(self, path: Path) -> None:
        self.path, directory = path, RunDir(path)
        record = directory.read_record()
        if record is None or not isinstance(record.get("spec"), Mapping):
            raise CheckpointError(f"{path}: has no run.json, so it is no run directory; name one that fit has made")
        self.status = str(record.get("status"))
        self.records: Sequence[Mapping[str, Any]] = directory.read_metrics()
        found = directory.latest()
        self.checkpoint: Checkpoint | None = found.checkpoint if found else None
        parent = record.get("parent")
        self.trainee = Trainee.of(reload(record["spec"]), None, InitialWeights.from_record(parent) if parent else None)
        self._refuse_other_data()
        self.spec = self.trainee.loaded.spec

    def _refuse_other_data(self) -> None:
        if self.checkpoint is None:
            return
        facts = self.checkpoint.meta.get("data")
        if isinstance(facts, Mapping) and facts.get("fingerprint") != self.trainee.data.fingerprint:
            raise DataError(
                f"{self.path}: the data have changed since this run began, so its training cannot be repeated"
            )

    @property
    def job(self) -> Job:
        """The training job of the run."""
        return self.trainee.job

    @property
    def rate(self) -> float:
        """The base learning rate."""
        return self.job.optimizer.lr

    @property
    def diverged(self) -> bool:
        """Whether the run ended by diverging."""
        return self.status == "diverged"

    @cached_property
    def train_costs(self) -> Array:
        """The training cost by epoch, as recorded: with the penalty, while the parameters moved."""
        return np.array([record["train"]["cost"] for record in self.records], float)

    @cached_property
    def validation_costs(self) -> Array:
        """The validation cost by epoch, as recorded; empty where there is no validation part."""
        return np.array([record["validation"]["cost"] for record in self.records if record.get("validation")], float)

    @cached_property
    def rows(self) -> Array:
        """Up to 2,000 training rows (n, d), taken evenly."""
        return self._evenly(self.trainee.data.train.array)

    @cached_property
    def targets(self) -> Array:
        """The encoded targets (n, c) of the same rows."""
        return self._evenly(self.trainee.assembly.targets(self.trainee.data.train)[0])

    def _evenly(self, array: Array) -> Array:
        return np.ascontiguousarray(array[:: max(1, len(array) // ROWS)])

    @cached_property
    def constants(self) -> float:
        """The cost of the best scores that are the same for every example."""
        return cost_of_constants(self.trainee.assembly.loss, self.targets)

    @property
    def floor(self) -> float:
        """The cost below which differences do not count."""
        return FLOOR * self.constants

    @cached_property
    def first_cost(self) -> float:
        """The cost on the training part before the first step."""
        self.trainee.start()
        return self.trainee.train()["cost"]

    @cached_property
    def figures(self) -> Mapping[str, float]:
        """The figures on the training part at the last weights."""
        self.end()
        return self.trainee.train()

    @cached_property
    def validation_figures(self) -> Mapping[str, float] | None:
        """The figures on the validation part at the last weights."""
        self.end()
        return self.trainee.validation() if self.trainee.validation else None

    @property
    def cost(self) -> float:
        """The cost on the training part at the last weights."""
        return self.figures["cost"]

    @property
    def is_perfect(self) -> bool:
        """Whether every class is said rightly, in training and, where there is one, in the validation part."""
        parts = [self.figures, *([self.validation_figures] if self.validation_figures else [])]
        return all(part.get("accuracy") == 1.0 for part in parts)

    def end(self) -> State:
        """Return the state at the last checkpoint, from which training can go on; before any, the start."""
        state = self.trainee.start()
        if self.checkpoint is None:
            return state
        try:
            position_of(self.checkpoint).restore(state)
        except (KeyError, ValueError, TypeError) as error:
            raise CheckpointError(f"{self.path}: its last checkpoint does not fit its spec: {error}") from error
        state.reopen()
        return state

    def trained_epochs(self) -> int:
        """Return how many epochs the run has trained; of a run that diverged, how many it was to train."""
        return self.spec.train.epochs if self.diverged else max(1, len(self.records))

    def in_float64(self) -> "Trainee":
        """Return the same network and data in double precision."""
        return Trainee.of(reload(self.trainee.loaded.resolved, ["train.dtype=float64"]), None, self.trainee.parent)


def refuse_unfit(subject: DiagnosedRun) -> None:
    """Raise SpecError for runs whose training cannot be repeated at other rates."""
    if subject.trainee.assembly.task == "reconstruction":
        raise SpecError(f"{subject.path}: an autoencoder's run is not diagnosed; its curves are in nntrain plot")


def _scorer(assembly: Assembly, part: Part) -> Evaluator:
    t, y = assembly.targets(part)
    return Evaluator(assembly.network, assembly.metrics, Penalty(), part.X, t, y)
