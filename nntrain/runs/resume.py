"""What a run directory holds already, and whether a spec may go on with it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntrain.artifacts.rundir import LOCK, RUN, SUMMARY, RunDir
from nntrain.core.types import Task
from nntrain.errors import CheckpointError, SpecError
from nntrain.spec import Loaded, Spec, dump, from_dict, reload, resolve
from nntrain.train.records import EpochRecord

# What may change from one part of a run to the next: how long it goes on and what is kept, never what is computed.
EXTENDABLE = (
    *("train.epochs", "train.max_steps", "train.stop.patience", "train.stop.restore_best"),
    *("train.stop.step_tolerance", "train.stop.max_seconds", "checkpoint", "runtime", "name"),
)
ABSENT = "nothing"
SHOWN = 60  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Done:
    """A run that was finished before, under this very spec: its directory and its summary; there are no events."""

    directory: RunDir
    summary: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Always true; a ``Run`` says false."""
        return True

    def events(self, interrupted: Callable[[], bool] = bool) -> Iterator[EpochRecord]:
        """Yield nothing."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting by its dotted name, as it was and as it is now."""

    name: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.name}: {_shown(self.before)} in the run, {_shown(self.now)} in the spec"

    @property
    def change(self) -> str:
        """The setting, before and now."""
        return f"{self.name}: {_shown(self.before)} before, {_shown(self.now)} now"

    @property
    def allowed(self) -> bool:
        """Whether a run may go on with the new value."""
        return any(self.name == prefix or self.name.startswith(f"{prefix}.") for prefix in EXTENDABLE)

    @property
    def limits(self) -> bool:
        """Whether it is about how long training goes on."""
        return self.name.startswith("train.")


def spec_of_run(path: Path, overrides: Sequence[str] = ()) -> Loaded:
    """Return the spec that a run directory keeps, with overrides: run.json's, or else the newest checkpoint's.

    Raises CheckpointError when there is no run, SpecError for what cannot be overridden.
    """
    if not path.is_dir():
        what = "is a file; name the run directory" if path.exists() else "no such run directory"
        raise CheckpointError(f"{path}: {what}")
    directory = RunDir(path)
    values = (directory.read_json(RUN) or {}).get("spec")
    if not isinstance(values, Mapping):
        found = directory.latest()
        values = found.checkpoint.meta.get("spec") if found else None
    if not isinstance(values, Mapping):
        raise CheckpointError(f"{path}: no run to go on with: neither run.json nor a checkpoint holds its spec")
    return reload(values, overrides, text=directory.read_text("config.yaml") or dump(values), name=str(path / RUN))


def find_done(loaded: Loaded, directory: RunDir) -> Done | None:
    """Return what is done already, or None when there is something left to train under this spec.

    Raises SpecError for a directory that belongs to another spec, or to something that is no run.
    """
    record, summary = directory.read_json(RUN), directory.read_json(SUMMARY)
    if record is None:
        refuse_foreign(directory.path)
        return None
    changes = compare(directory, record.get("spec") or loaded.resolved, loaded.resolved)
    if summary is None or any(change.limits for change in changes):
        return None
    return Done(directory, summary)


def compare(directory: RunDir, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Return what differs and may; SpecError with each difference that would make the run compute something else.

    A loss or metrics that one side names and the other leaves to the data are compared as what the data decide.
    """
    path, (old, new) = directory.path, (_read_spec(values, directory) for values in (before, now))
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


def _read_spec(values: Mapping[str, Any], directory: RunDir) -> Spec:
    """Return the spec that a run keeps; a setting that its version did not have yet is at its default."""
    try:
        return from_dict(values)
    except SpecError as error:
        raise CheckpointError(f"{directory.path}: its spec cannot be read: {error.problems[0]}") from None


def _decided_by(directory: RunDir) -> tuple[Task, int]:
    """Return the task and the number of classes of a run's data. CheckpointError when nothing holds them."""
    data = (directory.read_json(RUN) or {}).get("data")
    if isinstance(data, Mapping) and "n_classes" in data:
        return data["task"], data["n_classes"]
    found = directory.latest()
    if found is None:
        raise CheckpointError(f"{directory.path}: neither run.json nor a checkpoint says what its data are")
    facts = found.checkpoint.meta["data"]
    return facts["task"], len(facts["class_names"])


def refuse_foreign(path: Path) -> None:
    """Raise SpecError for a directory that holds files but no run: they might be overwritten.

    Checkpoints alone are a run: each holds its spec.
    """
    if (path / RUN).exists() or RunDir(path).checkpoints():
        return
    found = sorted(item.name for item in path.iterdir() if item.name != LOCK)
    if found:
        raise SpecError(f"{path}: not a run directory, but it holds {found[0]!r}; name an empty or a new one")


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[Difference]:
    """Yield the settings that differ; where the kind of a part does, its other settings are not compared."""
    if before.get("kind") != now.get("kind"):
        yield Difference(f"{prefix}kind", before.get("kind"), now.get("kind"))
        return
    for key in dict.fromkeys([*before, *now]):
        a, b = before.get(key), now.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from differences(a, b, f"{prefix}{key}.")
        elif a != b:
            yield Difference(f"{prefix}{key}", a, b)


def _shown(value: Any) -> str:
    if value is None:
        return ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
