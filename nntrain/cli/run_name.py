"""Runs by name where a run is asked for: ``latest``, or the beginning of a run's name or id.

Knows nothing of what a command does with the run.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from nntrain.cli.given_path import RUNS, is_run, runs_in, what_is

LATEST = "latest"
SHOWN = 4  # runs that a message names
LEAST = 3  # letters of an id alone


def run_named(path: Path) -> Path:
    """Return the run that a name means, else the path itself. CheckpointError for a name that several runs have.

    What lies at the path itself comes first. A name is looked for in ``runs``, then among the runs of sweeps there.
    """
    from nntrain.cli.output.terminal import note
    from nntrain.errors import CheckpointError

    name = str(path)
    if path.name != name or what_is(path) != "missing":
        return path
    if name == LATEST:
        newest = runs_in(RUNS)
        if not newest:
            raise CheckpointError(f"{LATEST}: there is no run in {RUNS} yet")
        note(f"{LATEST} is {newest[-1]}")
        return newest[-1]
    found = [run for run in runs_in(RUNS) if _begins(run, name)] or list(_of_sweeps(RUNS, name))
    if len(found) > 1:
        shown = ", ".join(map(str, sorted(found)[:SHOWN])) + (", …" if len(found) > SHOWN else "")
        raise CheckpointError(f"{name}: {len(found)} runs begin like this: {shown}; name more of it, or say {LATEST}")
    return found[0] if found else path


def _begins(run: Path, name: str) -> bool:
    """Whether a run's name begins like this, or the id at its end does."""
    own_id = run.name.rpartition("-")[2]
    return run.name.startswith(name) or (len(name) >= LEAST and own_id.startswith(name))


def _of_sweeps(root: Path, name: str) -> Iterator[Path]:
    """Yield the runs of the sweeps in a folder whose id begins with a name."""
    for folder in sorted(root.glob(f"*{os.sep}runs")):
        try:
            names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(name)]
        except OSError:
            continue
        yield from (folder / one for one in names if is_run(folder / one))
