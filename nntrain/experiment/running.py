"""One training run in its directory: start or resume, train, save, and sum up."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts import curves, durable
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.environment import changes, environment
from nntrain.artifacts.rundir import RUN, SUMMARY, RunDir
from nntrain.data.dataset import Dataset
from nntrain.data.preprocessing import prepare
from nntrain.errors import DivergenceError, InterruptedRun, SpecError
from nntrain.experiment.assembly import Assembly, assemble
from nntrain.spec import Loaded, dump
from nntrain.train.loop import Job, fit
from nntrain.train.records import EpochRecord, Pause, better
from nntrain.train.state import State

EXTENDABLE = ("train.epochs", "train.max_steps", "train.stop", "checkpoint", "runtime", "name")


@contextmanager
def opened(loaded: Loaded, *, runs: Path, run_dir: Path | None, argv: Sequence[str]) -> Iterator["Run"]:
    """Prepare data and network, then take the run directory: ``run_dir`` (new, begun or done) or a new one in ``runs``.

    Raises what spec, data and directory raise; nothing is made on disk before data and spec are known to be good.
    """
    if run_dir is not None and (done := _finished(loaded, run_dir)) is not None:
        yield done
        return
    data = prepare(loaded.experiment.data, seed=loaded.experiment.seed, dtype=loaded.experiment.train.dtype)
    assembly = assemble(loaded.experiment, data)
    job = assembly.job(data)
    directory = RunDir.at(run_dir) if run_dir is not None else RunDir.create(runs, loaded.experiment.name)
    with directory.lock():
        yield Run(loaded, directory, data, assembly, job, argv)


def _finished(loaded: Loaded, run_dir: Path) -> "Run | None":
    """Return the run that is done already under this very spec, or None."""
    directory = RunDir(run_dir)
    summary = directory.read_json(SUMMARY) if run_dir.is_dir() and not run_dir.is_symlink() else None
    record = directory.read_json(RUN) if summary else None
    if summary is None or record is None:
        return None
    differing = _differences(record.get("spec", {}), json.loads(json.dumps(loaded.resolved)))
    _refuse(run_dir, [name for name in differing if not _extendable(name)])
    if any(name.startswith("train.") for name in differing):
        return None  # asked to go on
    run = Run.__new__(Run)
    run.directory, run.summary, run.is_done = directory, summary, True
    return run


class Run:
    """A run that holds its directory. ``events`` trains; ``summary`` holds the result afterwards.

    ``resumed`` is the step gone on from, or None; ``notes`` are lines worth telling the user.
    """

    directory: RunDir
    summary: dict[str, Any]
    is_done: bool

    def __init__(
        self, loaded: Loaded, directory: RunDir, data: Dataset, assembly: Assembly, job: Job, argv: Sequence[str]
    ) -> None:
        self.loaded, self.directory, self.data, self.assembly, self.job = loaded, directory, data, assembly, job
        self.is_done = False
        self.summary = {}
        self.notes: list[str] = []
        self.resumed: int | None = None
        self.environment = environment() | {"plan": job.network.plan.describe()}
        job.network.initialize(loaded.experiment.seed)
        self.state = State.start(job.network.params, job.optimizer)
        self.best: dict[str, Any] | None = None  # epoch, step and value of the best by checkpoint.best
        self._saved_step: int | None = None
        self._resume()
        self._start(argv)

    @property
    def tracks_best(self) -> bool:
        """Whether a best epoch is kept: not by a validation figure when there is no validation part."""
        return self.data.validation is not None or not self.monitor.startswith("validation.")

    @property
    def monitor(self) -> str:
        """The figure whose best epoch is kept."""
        return self.loaded.experiment.checkpoint.best

    def events(self, interrupted: Callable[[], bool] = bool) -> Iterator[EpochRecord]:
        """Train, saving on the way, and yield each epoch's record after it is on disk.

        Raises DivergenceError (the last good checkpoint is named) and InterruptedRun (after saving).
        """
        options = self.loaded.experiment.checkpoint
        try:
            for event in fit(self.job, self.state, interrupted=interrupted, pause_every=options.every_steps):
                if isinstance(event, Pause):
                    self._save()
                    if event.interrupted:
                        self._interrupt()
                else:
                    self._record(event)
                    yield event
        except DivergenceError as error:
            self._diverge(error)
        self._finish()

    def _resume(self) -> None:
        """Take up the newest valid checkpoint, if there is one."""
        found = self.directory.latest()
        if found is None:
            self.directory.cut_metrics(0)
            return
        self.notes += found.notes
        meta = found.checkpoint.meta
        differing = _differences(meta["spec"], json.loads(json.dumps(self.loaded.resolved)))
        _refuse(self.directory.path, [name for name in differing if not _extendable(name)])
        if meta["data"]["fingerprint"] != self.data.fingerprint:
            raise SpecError(f"{self.directory.path}: the data have changed since this run began; use another directory")
        self.notes += changes(meta["environment"], self.environment)
        self.state.restore(found.checkpoint.tensors, meta["state"])
        if any(name.startswith("train.") for name in differing):
            self.state.stopped = None  # asked to go on
        self.best = meta["best"]
        self.directory.cut_metrics(meta["metrics_length"])
        self.resumed = self._saved_step = self.state.step

    def _start(self, argv: Sequence[str]) -> None:
        summary = self.directory.path / SUMMARY
        if summary.exists():
            durable.remove(summary)  # going on: not done any more
        self.directory.write_text("config.yaml", self.loaded.text)
        self.directory.write_text("config.resolved.yaml", dump(self.loaded.resolved))
        self._describe("running", argv=list(argv))
        self._log(f"resumed at step {self.resumed}" if self.resumed is not None else "started")

    def _record(self, record: EpochRecord) -> None:
        """Put an epoch on disk: its metrics, and a checkpoint if one is due or it is the best so far."""
        options = self.loaded.experiment.checkpoint
        self.directory.append_metrics(record.as_dict())
        improved = False
        if self.tracks_best:
            value = record.figure(self.monitor)
            improved = better(self.monitor, value, self.best["value"] if self.best else None)
            if improved:
                self.best = {"monitor": self.monitor, "value": value, "epoch": record.epoch, "step": record.step}
        due = options.every_epochs is not None and record.epoch % options.every_epochs == 0
        if due or improved:
            self._save()

    def _save(self) -> Path:
        """Write a checkpoint of the present state, and drop those beyond ``keep``."""
        tensors = self.state.tensors() | self.data.scaler.tensors()
        path = self.directory.save_checkpoint(self.state.step, Checkpoint(tensors, self._meta()))
        protect = self.directory.checkpoint_path(self.best["step"]) if self.best else None
        self.directory.prune(self.loaded.experiment.checkpoint.keep, protect)
        self._saved_step = self.state.step
        return path

    def _meta(self) -> dict[str, Any]:
        text = json.dumps(self.loaded.resolved, sort_keys=True)
        return {
            "step": self.state.step,
            "epoch": self.state.epoch,
            "state": self.state.figures(),
            "spec": self.loaded.resolved,
            "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "data": asdict(self.assembly.facts) | {"fingerprint": self.data.fingerprint},
            "metrics_length": self.directory.metrics_length,
            "best": self.best,
            "environment": self.environment,
        }

    def _interrupt(self) -> None:
        self._describe("interrupted", stopped="a signal")
        self._log(f"interrupted at step {self.state.step}")
        path = self.directory.path
        raise InterruptedRun(
            f"{path}: stopped by a signal at step {self.state.step}, saved; go on with --run-dir {path}"
        )

    def _diverge(self, error: DivergenceError) -> None:
        last = next(reversed(self.directory.checkpoints()), None)
        good = f"; last good checkpoint: {last}" if last else "; no checkpoint was saved yet"
        self._describe("diverged", stopped=str(error))
        self._log(f"diverged: {error}")
        self._draw()
        raise DivergenceError(f"{error}{good}") from None

    def _finish(self) -> None:
        """Save the end, score the weights that are kept, draw, and write the summary last: it says that all is done."""
        if self._saved_step != self.state.step or self.state.best_theta is not None:
            self._save()
        kept = self.directory.checkpoint_path(self.best["step"] if self.best else self.state.step)
        self._draw()
        self.summary = self._sum_up(kept)
        self._describe("done", stopped=self.state.stopped)
        self._log(f"done: {self.state.stopped}")
        self.directory.write_json(SUMMARY, self.summary)

    def _sum_up(self, kept: Path) -> dict[str, Any]:
        """Return the figures of the checkpoint that is kept as the result, on every part there is."""
        params, state = self.job.network.params, self.state
        stored = storage.load(kept)
        last = params.theta.copy()
        for name, view in params.named(params.theta):
            view[...] = stored.tensors[name]
        parts = {"train": self.data.train, "validation": self.data.validation, "test": self.data.test}
        figures = {
            name: {"n": len(part)} | self.assembly.evaluator(part)() for name, part in parts.items() if part is not None
        }
        np.copyto(params.theta, last)
        return {
            "name": self.loaded.experiment.name,
            "seed": self.loaded.experiment.seed,
            "stopped": state.stopped,
            "epochs": state.epoch,
            "steps": state.step,
            "seconds": state.elapsed,
            "parameters": params.size,
            "checkpoint": str(kept.relative_to(self.directory.path)),
            "epoch": stored.meta["epoch"],
            "best": self.best,
            **figures,
        }

    def _draw(self) -> None:
        records = self.directory.read_metrics()
        if records:
            best = self.best["epoch"] if self.best else None
            curves.write(self.directory, title=self.loaded.experiment.name, best_epoch=best)

    def _describe(self, status: str, **more: Any) -> None:
        """Write run.json: what this run is, where it stands, and what it depends on."""
        before = self.directory.read_json(RUN) or {}
        facts = {
            "name": self.loaded.experiment.name,
            "status": status,
            "started": before.get("started", _now()),
            "updated": _now(),
            "argv": before.get("argv"),
            "resumed_at": self.resumed,
            "seed": self.loaded.experiment.seed,
            "data": {"fingerprint": self.data.fingerprint, "task": self.data.task},
            "environment": self.environment,
            "spec": self.loaded.resolved,
        }
        self.directory.write_json(RUN, facts | more)

    def _log(self, line: str) -> None:
        self.directory.append_text("log.txt", f"{_now()} {line}\n")


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted names of the settings that differ."""
    names: list[str] = []
    for key in dict.fromkeys([*old, *new]):
        a, b = old.get(key), new.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            names += _differences(a, b, f"{prefix}{key}.")
        elif a != b:
            names.append(f"{prefix}{key}")
    return names


def _extendable(name: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in EXTENDABLE)


def _refuse(path: Path, differing: Sequence[str]) -> None:
    if differing:
        raise SpecError(
            f"{path}: this run was started with another spec ({', '.join(differing)}); use another directory"
        )
