"""What a checkpoint or run.json says of itself, checked before anything is made of it.

Knows nothing of training: only whether the facts have their shape, and whether the spec among them is one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntrain.artifacts import facts
from nntrain.errors import CheckpointError, SpecError
from nntrain.spec import Spec, from_dict


def check_meta(meta: Mapping[str, Any], path: Path) -> Spec:
    """Return the spec of a checkpoint; ``CheckpointError`` names the first fact that is not what it must be."""
    facts.check(meta, facts.CHECKPOINT, str(path))
    return read_spec(meta["spec"], path)


def read_spec(values: Mapping[str, Any], path: Path) -> Spec:
    """Return the spec that a file keeps; a setting that its version did not have yet is at its default."""
    try:
        return from_dict(values)
    except SpecError as error:
        raise CheckpointError(f"{path}: its spec cannot be read: {error.problems[0]}") from None
