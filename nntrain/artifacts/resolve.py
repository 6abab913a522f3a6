"""From what a user names, a run directory or a file, to the checkpoint that is meant. Knows only paths."""

from collections.abc import Mapping
from pathlib import Path

from nntrain.artifacts.rundir import RunDir
from nntrain.artifacts.shelf import Found, step_of
from nntrain.errors import CheckpointError


def locate(path: Path) -> Path:
    """Return the file itself, or of a run directory its best checkpoint (``meta["best"]["step"]``), else the newest.

    Raises ``CheckpointError`` when there is none, or when the newest is damaged: then the message names the newest
    valid one, and the user must choose it; a score of other weights than expected would be worse than none.
    """
    if not path.is_dir():
        return path  # whatever is wrong with it, loading says
    run = RunDir(path)
    found = run.latest()
    if found is None:
        raise CheckpointError(f"{path}: no checkpoint here; name a run directory or a .safetensors file")
    if found.notes:
        problem = found.notes[0].removesuffix(f"; using {found.path.name}")
        raise CheckpointError(f"{problem}; the newest valid one is {found.path}")
    return _best(run, found) or found.path


def _best(run: RunDir, newest: Found) -> Path | None:
    """Return the checkpoint the newest one calls the best, if it calls one and the file is there."""
    best = newest.checkpoint.meta.get("best")
    step = best.get("step") if isinstance(best, Mapping) else None
    return next((path for path in run.checkpoints() if step_of(path) == step), None)
