"""Trial trainings to compare with one another: figures and digests of every epoch.

A trial is a real run in a directory, with its checkpoints. A stop in it is an interruption, after which the run is
resumed from its files.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nntrain.artifacts import strict_json
from nntrain.artifacts.rundir import RunDir
from nntrain.core.types import Array
from nntrain.errors import CheckpointError, InterruptedRun, OutputError
from nntrain.runs.run import Run, open_run
from nntrain.spec import Loaded, reload
from nntrain.train.history import flatten

TIMES = ("seconds", "examples_per_second")  # figures that differ from one training to the next
CHILD = "from nntrain.verification.trials import serve; serve()"


@dataclass(frozen=True, slots=True)
class Mark:
    """A training after an epoch: its figures without times, and the SHA-256 of every tensor."""

    figures: Mapping[str, Any]
    digests: Mapping[str, str]


@dataclass(slots=True)
class Trial:
    """A whole training; ``end`` has the SHA-256 of every tensor in the last checkpoint."""

    name: str
    marks: list[Mark] = field(default_factory=list)
    end: Mapping[str, str] = field(default_factory=dict)
    steps: int = 0
    environment: Mapping[str, Any] = field(default_factory=dict)


def train(
    name: str,
    loaded: Loaded,
    path: Path,
    *,
    parent: Path | None = None,
    stops: Sequence[int] = (),
    between: Callable[[int], None] | None = None,
) -> Trial:
    """Train in the directory ``path``, interrupted after each of the steps ``stops`` and resumed.

    ``between`` is called at every stop; if it is given, the network is also scored on its training part each epoch.
    """
    trial = Trial(name)
    for stop in [*stops, None]:
        with (
            suppress(InterruptedRun),
            open_run(loaded, runs=path, run_dir=path, argv=(), draw=False, init_from=parent) as run,
        ):
            if isinstance(run, Run):
                _train(run, trial, stop, scored=between is not None)
        if between is not None and stop is not None:
            between(stop)
    found = RunDir(path).latest()
    trial.end = digests(found.checkpoint.tensors) if found else {}
    return trial


def train_in_child(name: str, loaded: Loaded, path: Path, *, parent: Path | None = None) -> Trial:
    """Train in a new process. Raises OutputError when it fails."""
    order = {"name": name, "spec": loaded.resolved, "path": str(path), "parent": str(parent) if parent else None}
    settings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", CHILD]
    done = subprocess.run(command, input=json.dumps(order), env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise OutputError(f"{name}: the process failed: {lines[-1]}")
    answer = json.loads(done.stdout)
    return Trial(**answer | {"marks": [Mark(**mark) for mark in answer["marks"]]})


def serve() -> None:
    """Read an order from stdin, train, and write the trial to stdout."""
    order = json.load(sys.stdin)
    parent = Path(order["parent"]) if order["parent"] else None
    trial = train(order["name"], reload(order["spec"]), Path(order["path"]), parent=parent)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        json.dump(asdict(trial), answer)


def trial_of_run(name: str, directory: RunDir) -> Trial:
    """Return the trial that a run directory records; it keeps no tensors of most epochs."""
    found = directory.latest()
    marks = [Mark(_figures(record), {}) for record in directory.read_metrics()]
    return Trial(name, marks, digests(found.checkpoint.tensors) if found and directory.is_done() else {})


def compare(one: Trial, other: Trial, *, whole: bool = True) -> None:
    """Raise CheckpointError with the first difference; only what both trials have is compared.

    Unless ``whole``, the other trial may have stopped earlier.
    """
    pairs = zip_longest(one.marks, other.marks) if whole else zip(one.marks, other.marks, strict=False)
    for epoch, (a, b) in enumerate(pairs, start=1):
        if a is None or b is None:
            longer, shorter = (one, other) if b is None else (other, one)
            raise CheckpointError(f"epoch {epoch}: {longer.name} has it, {shorter.name} ended after {epoch - 1}")
        differences = [*_tensors(a.digests, b.digests), *_values(a.figures, b.figures)]
        if differences:
            raise CheckpointError(f"epoch {epoch}: {'; '.join(differences[:2])}: {one.name} against {other.name}")
    differences = list(_tensors(one.end, other.end)) if one.end and other.end else []
    if differences:
        raise CheckpointError(f"at the end: {differences[0]}: {one.name} against {other.name}")


def digests(tensors: Mapping[str, Array]) -> dict[str, str]:
    """Return the SHA-256 of each tensor's bytes."""
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in tensors.items()}


def _train(run: Run, trial: Trial, stop: int | None, *, scored: bool) -> None:
    """Train until the end or until the step ``stop``, and add a mark for every epoch."""
    score = run.assembly.evaluator(run.data.train) if scored else None
    try:
        for record in run.events(lambda: stop is not None and run.state.step >= stop):
            trial.marks.append(Mark(_figures(record.as_dict()), digests(run.state.tensors())))
            if score is not None:
                score()
    finally:
        trial.steps, trial.environment = run.state.step, run.environment


def _figures(record: Mapping[str, Any]) -> dict[str, Any]:
    plain = strict_json.plain(record)
    return {name: value for name, value in flatten(plain) if name not in TIMES}


def _tensors(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[str]:
    if a and b:
        yield from (f"tensor {name} differs" for name in dict.fromkeys([*a, *b]) if a.get(name) != b.get(name))


def _values(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*a, *b]):
        if a.get(name) != b.get(name):
            yield f"{name} is {a.get(name)!r} and {b.get(name)!r}"
