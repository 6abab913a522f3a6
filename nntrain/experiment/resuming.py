"""What a run directory holds already, and whether a spec may go on with it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntrain.artifacts.rundir import LOCK, RUN, SUMMARY, RunDir
from nntrain.errors import SpecError
from nntrain.spec import Loaded
from nntrain.train.records import EpochRecord

# What may change from one part of a run to the next: how long it goes on and what is kept, never what is computed.
EXTENDABLE = ("train.epochs", "train.max_steps", "train.stop", "checkpoint", "runtime", "name")


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


def finished(loaded: Loaded, directory: RunDir) -> Done | None:
    """Return what is done already, or None when there is something left to train under this spec.

    Raises SpecError for a directory that belongs to another spec, or to something that is no run.
    """
    record, summary = directory.read_json(RUN), directory.read_json(SUMMARY)
    if record is None:
        refuse_foreign(directory.path)
        return None
    if summary is None:
        return None
    asks_for_more = compare(directory.path, record.get("spec", {}), loaded.resolved)
    return None if asks_for_more else Done(directory, summary)


def compare(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether training is to be gone on with differently; SpecError when it would compute something else."""
    differing = differences(before, json.loads(json.dumps(now)))  # tuples as lists, as they were stored
    strange = [name for name in differing if not _extendable(name)]
    if strange:
        raise SpecError(f"{path}: this run was started with another spec ({', '.join(strange)}); use another directory")
    return any(name.startswith("train.") for name in differing)


def refuse_foreign(path: Path) -> None:
    """Raise SpecError for a directory that holds files but no run: they might be overwritten."""
    if (path / RUN).exists():
        return
    found = sorted(item.name for item in path.iterdir() if item.name != LOCK)
    if found:
        raise SpecError(f"{path}: not a run directory, but it holds {found[0]!r}; name an empty or a new one")


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted names of the settings that differ."""
    names: list[str] = []
    for key in dict.fromkeys([*before, *now]):
        a, b = before.get(key), now.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            names += differences(a, b, f"{prefix}{key}.")
        elif a != b:
            names.append(f"{prefix}{key}")
    return names


def _extendable(name: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in EXTENDABLE)
