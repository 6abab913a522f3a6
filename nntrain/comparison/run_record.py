"""What a run directory says of its run, as flat values; and all runs below a folder. Trains and loads nothing."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nntrain.artifacts.rundir import RUN, RunDir
from nntrain.errors import CheckpointError
from nntrain.train.history import flatten

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: ``spec`` by dotted keys, ``figures`` such as validation.cost of the weights kept ({} unless done)."""

    path: Path
    name: str
    status: str
    spec: Mapping[str, Any]
    figures: Mapping[str, float | int | None]
    started: str = ""
    stopped: str = ""
    epochs: int | None = None
    kept: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """Return a figure or a setting by its dotted name, or the status; None without one."""
        own = {"status": self.status, "epochs": self.epochs, "kept": self.kept, "name": self.name}
        for values in (self.figures, self.spec, own):
            if name in values:
                return values[name]
        return None


def read_run(path: Path) -> RunRecord:
    """Return the record of a run directory. CheckpointError when it is none, or cannot be read."""
    directory = RunDir(path)
    facts = directory.read_record()
    if facts is None or not isinstance(facts.get("spec"), Mapping):
        what = "no such run directory" if not path.exists() else "not a run directory: there is no run.json to read"
        raise CheckpointError(f"{path}: {what}")
    summary = directory.read_summary() or {}
    parts = {name: summary[name] for name in PARTS if isinstance(summary.get(name), Mapping)}
    return RunRecord(
        path=path,
        name=path.resolve().name,
        status="done" if summary else str(facts.get("status", "unknown")),
        spec=dict(flatten(facts["spec"])),
        figures=dict(flatten(parts)),
        started=str(facts.get("started") or ""),
        stopped=str(summary.get("stopped") or ""),
        epochs=summary.get("epochs"),
        kept=summary.get("epoch"),
        data=facts.get("data") or {},
        environment=facts.get("environment") or {},
    )


def find_runs(roots: Sequence[Path]) -> list[RunRecord]:
    """Return all runs in and below the folders, each once, by their start. CheckpointError where there is no folder."""
    paths: dict[Path, Path] = {}
    for root in roots:
        if not root.is_dir():
            raise CheckpointError(f"{root}: no such folder; name one with runs in it")
        paths |= {path.resolve(): path for path in _directories(root) if path.resolve() not in paths}
    found = [_read_any(path) for path in paths.values()]
    return sorted(found, key=lambda run: (run.started, str(run.path)))


def _read_any(path: Path) -> RunRecord:
    """Return the record of a run directory, an empty one where its run.json is damaged."""
    try:
        return read_run(path)
    except CheckpointError:
        return RunRecord(path, path.resolve().name, "unreadable", {}, {})


def _directories(root: Path) -> Iterable[Path]:
    """Yield the folders with a run.json; what lies within a run is not searched, nor what links lead to."""
    for folder, below, files in os.walk(root):
        if RUN in files:
            below.clear()
            yield Path(folder)
