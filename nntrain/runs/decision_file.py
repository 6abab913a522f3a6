"""The file beside a checkpoint that keeps what was decided after training: for the parameters that it was chosen with.

Knows nothing of how it is chosen.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts import durable, strict_json
from nntrain.artifacts.rundir import CHECKPOINTS
from nntrain.core.types import Array
from nntrain.errors import CheckpointError
from nntrain.runs.decision import Decision

FILE = "decision.json"
PARAMETERS = "layers."  # how the names of parameters begin


def decision_file(checkpoint: Path) -> Path:
    """Return where the decision of a checkpoint lies: in its run directory, or beside a checkpoint elsewhere."""
    if checkpoint.parent.name == CHECKPOINTS:
        return checkpoint.parent.parent / FILE
    return checkpoint.with_name(f"{checkpoint.name}.{FILE}")


def read_decision(checkpoint: Path, parameters: Mapping[str, Array]) -> tuple[Decision, list[str]]:
    """Return what was decided of a checkpoint with these parameters, and notes. CheckpointError for a damaged file."""
    path = decision_file(checkpoint)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Decision(), []
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from None
    found, digest = _parse(path, text)
    if digest != digest_of(parameters):
        return Decision(), [f"{path}: was made for other weights, and is not used; tune or calibrate the model again"]
    return found, []


def unused_decision(checkpoint: Path) -> list[str]:
    """Return a note where something was decided of a checkpoint, for those that do not use it."""
    path = decision_file(checkpoint)
    return [f"{path}: its threshold and temperature are not used here"] if path.exists() else []


def write_decision(checkpoint: Path, parameters: Mapping[str, Array], decision: Decision) -> Path:
    """Keep a decision beside its checkpoint; an empty one takes the file away. Return where. Raises OutputError."""
    path = decision_file(checkpoint)
    if decision.is_empty:
        durable.remove(path)
        return path
    values = {"margin": decision.margin, "temperature": decision.temperature, "why": decision.why or {}}
    text = strict_json.pretty(
        {**values, "probability": decision.probability, "parameters_sha256": digest_of(parameters)}
    )
    durable.write_bytes(path, text.encode())
    return path


def digest_of(parameters: Mapping[str, Array]) -> str:
    """Return the SHA-256 of the parameters of a network, by name; other tensors of a checkpoint are passed over."""
    digest = hashlib.sha256()
    for name in sorted(name for name in parameters if name.startswith(PARAMETERS)):
        digest.update(f"{name}{parameters[name].shape}".encode() + np.ascontiguousarray(parameters[name]).tobytes())
    return digest.hexdigest()


def _parse(path: Path, text: bytes) -> tuple[Decision, str]:
    try:
        values: Any = strict_json.parse(text)
        margin, temperature, why = values["margin"], values["temperature"], values["why"]
        sound = (margin is None or _is_number(margin)) and _is_number(temperature) and temperature > 0
        if not sound or not all(isinstance(item, str) for pair in why.items() for item in pair):
            raise ValueError("its values are not what they must be")
        return Decision(None if margin is None else float(margin), float(temperature), why), values["parameters_sha256"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: damaged, {error}; remove it, or tune and calibrate the model again") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
