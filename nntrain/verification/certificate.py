"""Is a spec deterministic, and does it resume bit for bit? A certificate, or the first difference."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts import strict_json
from nntrain.artifacts.rundir import RunDir
from nntrain.artifacts.scratch import scratch_folder
from nntrain.core.machine import changes
from nntrain.core.types import Array
from nntrain.gradcheck import check_network, of_checkpoint
from nntrain.gradcheck.numeric import Options
from nntrain.runs.evaluation import evaluate
from nntrain.runs.initial_weights import InitialWeights
from nntrain.runs.resume import spec_of_run
from nntrain.runs.trained import open_model
from nntrain.spec import Loaded
from nntrain.verification.trials import Trial, compare, digests, train, train_in_child, trial_of_run

ROWS, PROBES = 4, 3  # of a gradient check between two parts of a run


@dataclass(frozen=True, slots=True)
class Finding:
    """One property that holds: ``what`` in a word, in a sentence, and in figures."""

    what: str
    text: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class VerifiedFile:
    """A checkpoint whose every byte is as it was written: its tensors, their SHA-256, and its facts."""

    path: Path
    size: int  # bytes
    tensors: Mapping[str, Array]
    sha256: Mapping[str, str]
    meta: Mapping[str, Any]


def verify_checkpoint(path: Path) -> VerifiedFile:
    """Check a file. CheckpointError when a byte is not as it was written."""
    data = storage.read(path)
    stored = storage.decode(data, str(path))
    return VerifiedFile(path, len(data), dict(sorted(stored.tensors.items())), digests(stored.tensors), stored.meta)


def verify_run(path: Path) -> Iterator[Finding]:
    """Check the checkpoints of a run, then its spec, then whether training from the spec gives the same run."""
    loaded, directory = spec_of_run(path), RunDir(path)
    files = [verify_checkpoint(file) for file in directory.checkpoints()]
    yield Finding("checkpoints", f"{_count(len(files), 'file')}, every byte as written", {"files": len(files)})
    record = directory.read_record() or {}
    parent = InitialWeights.from_record(record["parent"]).path if record.get("parent") else None
    yield from verify_spec(loaded, parent=parent, own=directory)


def verify_spec(loaded: Loaded, *, parent: Path | None = None, own: RunDir | None = None) -> Iterator[Finding]:
    """Train several times in a temporary directory; yield each property as soon as it is known to hold.

    Raises CheckpointError with the first difference: epoch, tensor, figure. ``own`` is a run of this spec to compare
    with.
    """
    with scratch_folder("nntrain-verify-") as folder:
        began = perf_counter()
        first = train("the first training", loaded, folder / "first", parent=parent)
        size = {"epochs": len(first.marks), "steps": first.steps}
        lasted = f"in {perf_counter() - began:.1f} s"
        yield Finding("trained", f"{_epochs(first)}, {_count(first.steps, 'step')}, {lasted}", size)
        if own is not None:
            yield _compare_recorded(own, first)
        yield _train_again(loaded, first, folder / "apart", parent)
        yield from _compare_stopped(loaded, first, folder / "stopped", parent)
    yield Finding("result", f"sha256 {_fingerprint(first)}", {"sha256": _fingerprint(first)})
    yield Finding("holds for", _describe(first.environment), {"environment": first.environment})


def _train_again(loaded: Loaded, first: Trial, path: Path, parent: Path | None) -> Finding:
    """Train a second time in another process, which has other hash seeds and other memory, and compare."""
    compare(first, train_in_child("a second one in a process of its own", loaded, path, parent=parent))
    held = f"{_epochs(first)} of metrics and {_count(len(first.end), 'tensor')}"
    return Finding("again", f"in a process of its own: the same bytes in {held}", {"tensors": len(first.end)})


def _compare_stopped(loaded: Loaded, first: Trial, path: Path, parent: Path | None) -> Iterator[Finding]:
    """Train with stops, score the run and check its gradient at each of them, and compare."""
    stops = _stops(first)
    between = _StopChecks(path)
    compare(first, train("one that was stopped and resumed", loaded, path, parent=parent, stops=stops, between=between))
    text = (
        f"after {_list_steps(stops)}, and resumed: the same bytes" if stops else "not tried: training has too few steps"
    )
    yield Finding("stopped", text, {"stops": stops})
    held = "an evaluation and a gradient check at each stop, and an evaluation after each epoch"
    yield Finding("in between", held, {"gradient_checks": between.checks})


class _StopChecks:
    """What is done to a run while it is stopped: its checkpoint is scored, and its gradient is checked."""

    def __init__(self, path: Path) -> None:
        self.path, self.checks = path, 0

    def __call__(self, step: int) -> None:
        evaluate(open_model(self.path), "train")
        check_network(of_checkpoint(self.path, [], batch=ROWS), Options(probes=PROBES))
        self.checks += 1


def _stops(first: Trial) -> list[int]:
    """Return steps to stop after: the first, two of the first epoch, one halfway through, and the last but one."""
    total, epochs = first.steps, max(1, len(first.marks))
    per_epoch = max(1, -(-total // epochs))
    half_way = total // 2 // per_epoch * per_epoch + per_epoch // 3
    wanted = {1, per_epoch // 2, per_epoch, half_way, total - 1}
    return sorted(step for step in wanted if 0 < step < total)


def _compare_recorded(directory: RunDir, first: Trial) -> Finding:
    """Compare what a run recorded with what its spec gives; where that is impossible, say why."""
    record = directory.read_record() or {}
    segments = record.get("segments") or []
    changed = [change for segment in segments for change in segment["changes"] if change.startswith("train.")]
    other = changes(record.get("environment") or {}, first.environment)
    if changed or other:
        why = f"it was resumed with {changed[0]}" if changed else f"it was made elsewhere ({other[0]})"
        return Finding("recorded", f"not compared with the run itself: {why}", {"recorded": None})
    own = trial_of_run(f"the run {directory.path}", directory)
    compare(first, own, whole=directory.is_done())
    end = f" and {_count(len(own.end), 'tensor')}" if own.end else ""
    return Finding("recorded", f"the run itself: the same {_epochs(own)} of metrics{end}", {"recorded": True})


def _fingerprint(trial: Trial) -> str:
    """Return one digest of all metrics and of the last weights."""
    everything = [*(mark.figures for mark in trial.marks), trial.end]
    return hashlib.sha256(strict_json.canonical(everything).encode()).hexdigest()


def _describe(environment: Mapping[str, Any]) -> str:
    """Return in words what the result depends on apart from spec and data."""
    pools, plan = environment["blas"], environment["plan"]
    library = f"{pools[0]['library']} {pools[0]['version'] or ''}".strip() if pools else "BLAS unknown"
    shared = environment.get("player") == "on" and plan["threads"] == 1
    threads = "any number of threads" if shared else _count(plan["threads"], "thread")
    kernels = f"{plan['kernels']} kernels, {threads}"
    machine = f"{environment['python']}, {environment['cpu'] or 'unknown processor'}"
    return f"numpy {environment['numpy']}, {library}, {kernels}, {machine}"


def _epochs(trial: Trial) -> str:
    return _count(len(trial.marks), "epoch")


def _list_steps(steps: Sequence[int]) -> str:
    *first, last = (f"{step:,}" for step in steps)
    return f"steps {', '.join(first)} and {last}" if first else f"step {last}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
