"""From what a user names, a run directory or a file, to the checkpoint that is meant. Knows only paths."""

from collections.abc import Mapping
from pathlib import Path

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoints import LISTINGS, Found, step_of
from nntrain.artifacts.plain_file import is_there
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError


def locate(path: Path) -> Found:
    """Return the file itself, or of a run directory its best checkpoint (``meta["best"]["step"]``), else the newest.

    Damaged ones are passed over and named in the notes. Raises ``CheckpointError`` when none is valid.
    """
    if not path.is_dir():
        return Found(path, storage.load(path), ())
    run = RunDir(path)
    for _ in range(LISTINGS):
        newest = run.latest()
        if newest is None:
            raise CheckpointError(f"{path}: no checkpoint here; name a run directory or a .safetensors file")
        best = _best(run, newest)
        if best is None or best == newest.path:
            return newest
        try:
            return Found(best, storage.load(best, follow_links=False), newest.notes)
        except CheckpointError as error:
            if is_there(best):  # else there is a better one by now, and the run has pruned this one
                return Found(newest.path, newest.checkpoint, (*newest.notes, f"{error}; using {newest.path.name}"))
    raise CheckpointError(f"{path}: its checkpoints vanish while they are read; try again")


def _best(run: RunDir, newest: Found) -> Path | None:
    """Return the checkpoint the newest one calls the best, if it calls one and the file is there."""
    best = newest.checkpoint.meta.get("best")
    step = best.get("step") if isinstance(best, Mapping) else None
    return next((path for path in run.checkpoints() if step_of(path) == step), None)
