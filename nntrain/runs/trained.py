"""A trained model: the network of a checkpoint, ready to be scored and to predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nntrain.artifacts.locate import locate
from nntrain.data.fingerprint import TrainedRows
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.data.transforms.transform import Transform
from nntrain.errors import CheckpointError, SpecError
from nntrain.runs.assembly import Assembly
from nntrain.runs.data_facts import Facts
from nntrain.runs.decision import Decision
from nntrain.runs.decision_file import decision_file, read_decision
from nntrain.runs.stored_facts import check_meta
from nntrain.spec import from_dict

if TYPE_CHECKING:
    from nntrain.data.known_part import KnownPart, TrainedOn, WholeFile


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with the parameters of a checkpoint, and the transforms of its inputs and targets.

    ``notes`` name newer checkpoints that are damaged.
    """

    path: Path
    assembly: Assembly
    transform: Transform
    targets: TargetScaler
    epoch: int
    step: int
    trained_on: "TrainedOn"
    notes: tuple[str, ...] = ()

    @property
    def gives_probabilities(self) -> bool:
        """Whether the loss has an output unit whose values are probabilities of classes or labels."""
        decides = self.assembly.task in ("classification", "multilabel")
        return decides and self.assembly.loss.gives_probabilities

    def need_probabilities(self, what: str) -> None:
        """Raise SpecError, which begins with ``what`` needs them, for a model that gives no probabilities."""
        if not self.gives_probabilities:
            kind, task = getattr(self.assembly.loss, "kind", "loss"), self.assembly.task
            raise SpecError(f"{what}: a model trained with {kind} on {task} gives no probabilities")

    @property
    def wanted(self) -> WantedColumns:
        """What the model takes and predicts, as columns of a table."""
        spec, facts = self.assembly.spec, self.assembly.facts
        reconstructs = self.assembly.task == "reconstruction"
        return WantedColumns(
            facts.n_features,
            self.transform,
            spec.train.dtype,
            names=facts.feature_names,
            targets=facts.target_names,
            task="reconstruction" if reconstructs else facts.task,
            class_names=facts.class_names,
            n_targets=None if reconstructs else facts.n_targets,
            target_scaler=self.targets,
            table=facts.columns,
        )

    def part(self, split: str, by: str | None = None) -> "KnownPart":
        """Return a part of the data as the model takes it, divided as in training; ``by`` is a column of groups."""
        from nntrain.data.known_part import prepare_part  # here, since training does without

        spec = self.assembly.spec
        return prepare_part(spec.data, split, self.wanted, seed=spec.seed, trained_on=self.trained_on, by=by)

    def file(self, file: "WholeFile", by: str | None = None) -> "KnownPart":
        """Return every row of a file as the model takes it."""
        from nntrain.data.known_part import prepare_file  # here, since training does without

        spec = self.assembly.spec
        return prepare_file(file, spec.data, self.wanted, seed=spec.seed, trained_on=self.trained_on, by=by)


def open_model(path: Path, overrides: Sequence[str] = (), *, decided: bool = False) -> Trained:
    """Load a checkpoint, or a run's best; only the data block may be overridden. CheckpointError if it cannot serve.

    With ``decided`` the threshold and the temperature count that were chosen for it, and the notes say so.
    """
    strange = [item for item in overrides if not item.startswith(("data.", "data="))]
    if strange:
        raise SpecError(f"--set {strange[0]}: only data.… can be set for a trained model")
    from nntrain.data.known_part import TrainedOn  # here, since training does without

    file, stored, notes = locate(path)
    check_meta(stored.meta, file)
    try:
        facts = stored.meta["data"]
        spec = from_dict(stored.meta["spec"], overrides)
        classes, features, columns = (tuple(facts[name]) for name in ("class_names", "feature_names", "target_names"))
        targets = TargetScaler.restore(stored.tensors)
        sizes = (facts["n_features"], facts["n_targets"], facts["n_rows"])
        table, rows = (tuple(facts.get(name) or ()) for name in ("columns", "class_rows"))
        known = Facts(facts["task"], *sizes, classes, features, columns, targets.unit, table, rows)
        decision, told = read_decision(file, stored.tensors) if decided else (Decision(), [])
        notes = (*notes, *told, *decision.notes(decision_file(file), classes))
        assembly = Assembly(spec, known, decision=decision)
        assembly.network.params.load(stored.tensors)
        transform = Transform.restore(stored.tensors, facts.get("encoder"))
        before = from_dict(stored.meta["spec"]) if overrides else spec
        own = before.data.seed_or(before.seed)
        trained_on = TrainedOn(facts["fingerprint"], before.data, own, TrainedRows.restore(stored.tensors))
        return Trained(file, assembly, transform, targets, stored.meta["epoch"], stored.meta["step"], trained_on, notes)
    except ValueError as error:
        raise CheckpointError(f"{file}: {error}") from error
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{file}: lacks {error}; was it written by nntrain?") from error
