"""Using what was trained: score a checkpoint on data, and predict from inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.resolve import locate
from nntrain.core.types import Array
from nntrain.data.preprocessing import Scaler, prepare_part, read_inputs
from nntrain.errors import CheckpointError, SpecError
from nntrain.experiment.assembly import Assembly, Facts, decide
from nntrain.spec import from_dict
from nntrain.train.evaluate import scores


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with the parameters of a checkpoint, and the scaling of its inputs."""

    path: Path
    assembly: Assembly
    scaler: Scaler
    epoch: int
    step: int


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One row an input: ``labels`` for classes, else empty; ``values`` (n, c) under ``columns``."""

    labels: Sequence[str]
    columns: Sequence[str]
    values: Array


def open_model(path: Path, overrides: Sequence[str] = ()) -> Trained:
    """Load a checkpoint, or a run's best; only the data block may be overridden. CheckpointError if it cannot serve."""
    strange = [item for item in overrides if not item.startswith(("data.", "data="))]
    if strange:
        raise SpecError(f"--set {strange[0]}: only data.… can be set for a trained model")
    file = locate(path)
    stored = storage.load(file)
    try:
        facts = stored.meta["data"]
        spec = from_dict(stored.meta["spec"], overrides)
        names = (tuple(facts[name]) for name in ("class_names", "feature_names", "target_names"))
        assembly = Assembly(spec, Facts(facts["task"], facts["n_features"], facts["n_targets"], *names))
        params = assembly.network.params
        for name, view in params.named(params.theta):
            if stored.tensors[name].shape != view.shape:
                raise CheckpointError(f"{file}: {name} is {stored.tensors[name].shape}, the model needs {view.shape}")
            view[...] = stored.tensors[name]
        return Trained(file, assembly, Scaler.from_tensors(stored.tensors), stored.meta["epoch"], stored.meta["step"])
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{file}: lacks {error}; was it written by nntrain?") from error


def evaluate(model: Trained, split: str) -> dict[str, Any]:
    """Return {"split", "n", "cost", …}: the figures of one part of the spec's data."""
    spec, facts = model.assembly.spec, model.assembly.facts
    part = prepare_part(
        spec.data,
        split,
        scaler=model.scaler,
        class_names=facts.class_names,
        seed=spec.seed,
        dtype=spec.train.dtype,
        n_features=facts.n_features,
    )
    figures = model.assembly.evaluator(part)()
    return {"split": split, "n": len(part), **figures, "checkpoint": str(model.path), "epoch": model.epoch}


def predict(model: Trained, inputs: Path) -> Predictions:
    """Return the predictions for a file of features."""
    assembly, facts = model.assembly, model.assembly.facts
    X = read_inputs(inputs, n_features=facts.n_features, scaler=model.scaler, dtype=assembly.spec.train.dtype)
    z = scores(assembly.network, X)
    values = assembly.loss.link(z)
    if assembly.task != "classification":
        names = facts.feature_names if assembly.task == "reconstruction" else facts.target_names
        return Predictions((), names or [f"y{k}" for k in range(z.shape[1])], values)
    labels = decide(z, assembly.loss, facts.class_names)
    columns = facts.class_names if z.shape[1] > 1 else facts.class_names[1:]
    return Predictions(labels, columns, values)
