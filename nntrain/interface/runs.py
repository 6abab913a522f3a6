"""All runs below a folder as plain values. Knows nothing of terminals."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from nntrain.comparison.run_record import find_runs


def runs(root: "str | PathLike[str] | Sequence[str | PathLike[str]]" = "runs") -> list[dict[str, Any]]:
    """Return one flat mapping for each run in and below a folder, or several, in the order of their start.

    Its keys are ``run`` (the path), ``name``, ``status``, ``started``, ``stopped``, ``epochs`` and ``kept_epoch``, then
    every setting of the spec by its dotted name, and every figure such as ``validation.accuracy``, those of the weights
    that were kept; ``pandas.DataFrame(nntrain.runs())`` is a table of them. Raises CheckpointError where there is no
    such folder.
    """
    roots = [root] if isinstance(root, str | PathLike) else list(root)
    return [
        {
            "run": str(run.path),
            "name": run.name,
            "status": run.status,
            "started": run.started,
            "stopped": run.stopped or None,
            "epochs": run.epochs,
            "kept_epoch": run.kept,
            **{key: value for key, value in run.spec.items() if key != "name"},
            **run.figures,
        }
        for run in find_runs([Path(path) for path in roots])
    ]
