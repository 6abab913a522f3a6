"""What a run directory already holds, and whether a run with a given spec may continue in it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nntrain.artifacts import strict_json
from nntrain.artifacts.rundir import RUN, RunDir
from nntrain.core.types import Task
from nntrain.errors import CheckpointError, SpecError
from nntrain.runs.curve_files import CurveFiles
from nntrain.runs.stored_facts import check_meta, read_spec
from nntrain.spec import Loaded, dump, reload, resolve
from nntrain.train.records import EpochRecord, Interrupted

# What may change when a run is resumed: how long it trains and what it keeps, never what it computes.
EXTENDABLE = (
    *("train.epochs", "train.max_steps", "train.stop.patience", "train.stop.restore_best"),
    *("train.stop.step_tolerance", "train.stop.max_seconds", "checkpoint", "runtime", "name"),
)
ABSENT = "nothing"
SHOWN = 60  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Done:
    """A run that is finished under the same spec: its directory and its summary. There is nothing left to train."""

    directory: RunDir
    summary: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Always true; for a ``Run`` it is false."""
        return True

    def draw_missing(self, curves: CurveFiles) -> "Done":
        """Draw the curves if the run was killed after its summary and before them; what fails becomes a note."""
        self.notes.extend(curves.draw_missing(self.summary["best"]))
        return self

    def events(self, interrupted: Interrupted = bool) -> Iterator[EpochRecord]:
        """Yield nothing."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting, by its dotted name, with its value in the run and in the spec."""

    name: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.name}: {_quoted(self.before)} in the run, {_quoted(self.now)} in the spec"

    @property
    def change(self) -> str:
        """The setting with its value before and now, as text."""
        return f"{self.name}: {_quoted(self.before)} before, {_quoted(self.now)} now"

    @property
    def allowed(self) -> bool:
        """Whether a run may be resumed with the new value."""
        return any(self.name == prefix or self.name.startswith(f"{prefix}.") for prefix in EXTENDABLE)

    @property
    def limits(self) -> bool:
        """Whether the setting is one of those that end training."""
        return self.name.startswith("train.")


def spec_of_run(path: Path, overrides: Sequence[str] = ()) -> Loaded:
    """Return the spec of a run directory, with overrides. It comes from run.json or else from the newest checkpoint.

    Raises CheckpointError when there is no run, SpecError for what cannot be overridden.
    """
    if not path.is_dir():
        what = "is a file; name the run directory" if path.exists() else "no such run directory"
        raise CheckpointError(f"{path}: {what}")
    directory = RunDir(path)
    values, name = (directory.read_record() or {}).get("spec"), path / RUN
    if values is None:
        found = directory.latest()
        if found is not None:
            check_meta(found.checkpoint.meta, found.path)
            values, name = found.checkpoint.meta["spec"], found.path
    if values is None:
        raise CheckpointError(f"{path}: no run to resume: neither run.json nor a checkpoint holds its spec")
    read_spec(values, name)
    return reload(values, overrides, text=directory.read_text("config.yaml") or dump(values), name=str(path / RUN))


def find_done(loaded: Loaded, directory: RunDir) -> Done | None:
    """Return the finished run in a directory, or None when there is something left to train under this spec.

    Raises SpecError when the directory holds a run of another spec, or something that is not a run.
    """
    record, summary = directory.read_record(), directory.read_summary()
    if record is None:
        refuse_foreign(directory)
        return None
    changes = compare(directory, record.get("spec") or loaded.resolved, loaded.resolved)
    if summary is None or any(change.limits for change in changes):
        return None
    return Done(directory, summary)


def compare(directory: RunDir, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Return the allowed differences between two specs of a run; SpecError names those that change what it computes.

    Where one spec names a loss or metrics and the other leaves them to the data, what the data decide is compared.
    """
    if strict_json.plain(before) == strict_json.plain(now):
        return []
    path, (old, new) = directory.path, (read_spec(values, directory.path) for values in (before, now))
    if any((getattr(old, name) is None) != (getattr(new, name) is None) for name in ("loss", "metrics")):
        decided = _decided_by(directory)
        old, new = old.settle(*decided), new.settle(*decided)
    was, is_now = (json.loads(json.dumps(resolve(spec))) for spec in (old, new))  # tuples as lists
    changes = list(differences(was, is_now))
    strange = [change for change in changes if not change.allowed]
    if strange:
        advice = "what is computed cannot change within a run; use another directory"
        raise SpecError(*(f"{path}: {change}" for change in strange), f"{path}: {advice}")
    return changes


def _decided_by(directory: RunDir) -> tuple[Task, int]:
    """Return the task and the number of classes of a run's data. CheckpointError when nothing holds them."""
    data = (directory.read_record() or {}).get("data")
    if data is not None and data.get("task") and data.get("n_classes") is not None:
        return data["task"], data["n_classes"]
    found = directory.latest()
    if found is None:
        raise CheckpointError(f"{directory.path}: neither run.json nor a checkpoint says what its data are")
    check_meta(found.checkpoint.meta, found.path)
    facts = found.checkpoint.meta["data"]
    return facts["task"], len(facts["class_names"])


def refuse_foreign(directory: RunDir) -> None:
    """Raise SpecError for a directory that holds files but no run, because they might be overwritten.

    Checkpoints alone are a run, since each holds its spec.
    """
    found = directory.names()
    if found and RUN not in found and not directory.checkpoints():
        raise SpecError(f"{directory.path}: not a run directory, but it holds {found[0]!r}; name an empty or a new one")


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[Difference]:
    """Yield the settings that differ. Of two parts of different kinds, only the kinds are compared."""
    if before.get("kind") != now.get("kind"):
        yield Difference(f"{prefix}kind", before.get("kind"), now.get("kind"))
        return
    for key in dict.fromkeys([*before, *now]):
        a, b = before.get(key), now.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from differences(a, b, f"{prefix}{key}.")
        elif a != b:
            yield Difference(f"{prefix}{key}", a, b)


def _quoted(value: Any) -> str:
    if value is None:
        return ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
