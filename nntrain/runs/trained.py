"""A trained model: the network of a checkpoint, ready to be scored and to predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.artifacts.locate import locate
from nntrain.data.dataset import Part
from nntrain.data.prepare import prepare_part
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.data.transforms.transform import Transform
from nntrain.errors import CheckpointError, SpecError
from nntrain.ops.losses import Loss
from nntrain.runs.assembly import Assembly, Facts
from nntrain.spec import from_dict


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with the parameters of a checkpoint, and what its inputs go through.

    ``notes`` has a line for each damaged checkpoint that was passed over.
    """

    path: Path
    assembly: Assembly
    transform: Transform
    targets: TargetScaler
    epoch: int
    step: int
    notes: tuple[str, ...] = ()

    @property
    def gives_probabilities(self) -> bool:
        """Whether the loss has an output unit whose values are probabilities of classes."""
        return self.assembly.task == "classification" and type(self.assembly.loss).link is not Loss.link

    def part(self, split: str) -> tuple[Part, Sequence[str]]:
        """Return a part of the data as the model takes it, divided as in training, and notes."""
        spec, facts = self.assembly.spec, self.assembly.facts
        return prepare_part(
            spec.data,
            split,
            transform=self.transform,
            targets=self.targets,
            class_names=facts.class_names,
            seed=spec.seed,
            dtype=spec.train.dtype,
            n_features=facts.n_features,
            n_targets=None if self.assembly.task == "reconstruction" else facts.n_targets,
        )


def open_model(path: Path, overrides: Sequence[str] = ()) -> Trained:
    """Load a checkpoint, or a run's best; only the data block may be overridden. CheckpointError if it cannot serve."""
    strange = [item for item in overrides if not item.startswith(("data.", "data="))]
    if strange:
        raise SpecError(f"--set {strange[0]}: only data.… can be set for a trained model")
    file, stored, notes = locate(path)
    try:
        facts = stored.meta["data"]
        spec = from_dict(stored.meta["spec"], overrides)
        classes, features, columns = (tuple(facts[name]) for name in ("class_names", "feature_names", "target_names"))
        targets = TargetScaler.restore(stored.tensors)
        sizes = (facts["n_features"], facts["n_targets"], facts["n_rows"])
        assembly = Assembly(spec, Facts(facts["task"], *sizes, classes, features, columns, targets.unit))
        assembly.network.params.load(stored.tensors)
        transform = Transform.restore(stored.tensors, facts.get("encoder"))
        return Trained(file, assembly, transform, targets, stored.meta["epoch"], stored.meta["step"], notes)
    except ValueError as error:
        raise CheckpointError(f"{file}: {error}") from error
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{file}: lacks {error}; was it written by nntrain?") from error
