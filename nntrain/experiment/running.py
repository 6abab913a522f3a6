"""One training run in its directory: start or resume, train, save, and sum up.

The order on disk makes a run whole after a crash at any point: run.json comes first and marks the directory as a run;
metrics are appended, then the checkpoint that counts them is written, then older checkpoints go; summary.json comes
last and says that all is done.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nntrain.artifacts import curves, durable, strict_json
from nntrain.artifacts.environment import changes, environment
from nntrain.artifacts.history import to_csv
from nntrain.artifacts.painter import Painter
from nntrain.artifacts.rundir import RUN, SUMMARY, RunDir
from nntrain.artifacts.shelf import Found
from nntrain.errors import CheckpointError, DataError, DivergenceError, InterruptedRun, SpecError
from nntrain.experiment.preparing import Prepared, prepared
from nntrain.experiment.resuming import Done, compare, finished
from nntrain.experiment.saving import Saver
from nntrain.experiment.summing import sum_up
from nntrain.spec import Loaded, dump
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord, Pause, better
from nntrain.train.state import State


@contextmanager
def opened(
    loaded: Loaded, *, runs: Path, run_dir: Path | None, argv: Sequence[str], draw: bool = True
) -> Iterator["Run | Done"]:
    """Take the run directory, ``run_dir`` (new, begun or done) or a new one in ``runs``, with data and network ready.

    Raises what spec, data and directory raise; no directory is made before data and spec are known to be good.
    ``draw`` decides whether curves.png and curves.svg are made at the end.
    """
    with ExitStack() as held:
        painter = held.enter_context(Painter()) if draw else None
        ready = None if run_dir is not None and run_dir.is_dir() else prepared(loaded)
        directory = RunDir.at(run_dir) if run_dir is not None else RunDir.create(runs, loaded.experiment.name)
        held.enter_context(directory.lock())
        done = finished(loaded, directory)
        yield done or Run(loaded, directory, ready or prepared(loaded), argv=argv, painter=painter)


class Run:
    """A run that holds its directory. ``events`` trains; ``summary`` holds the result afterwards.

    ``resumed`` is the step gone on from, or None; ``notes`` are lines worth telling the user; ``best`` has the epoch,
    step and value of the best epoch so far by the figure ``checkpoint.best``.
    """

    is_done = False

    def __init__(
        self,
        loaded: Loaded,
        directory: RunDir,
        ready: Prepared,
        *,
        argv: Sequence[str] = (),
        painter: Painter | None = None,
    ) -> None:
        self.loaded, self.directory, self.prepared, self.painter = loaded, directory, ready, painter
        self.data, self.assembly, self.job = ready.data, ready.assembly, ready.job
        self.summary: dict[str, Any] = {}
        self.notes: list[str] = []
        self.resumed: int | None = None
        self.best: dict[str, Any] | None = None
        self.environment = environment() | {"plan": self.job.network.plan.describe()}
        self.job.network.initialize(loaded.experiment.seed)
        self.state = State.start(self.job.network.params, self.job.optimizer)
        self._saver = Saver(directory, keep=loaded.experiment.checkpoint.keep)
        found = directory.latest()
        if found is not None:
            self._resume(found)
        self._start(argv)

    @property
    def monitor(self) -> str:
        """The figure whose best epoch is kept."""
        return self.loaded.experiment.checkpoint.best

    @property
    def tracks_best(self) -> bool:
        """Whether a best epoch is kept: not by a validation figure when there is no validation part."""
        return self.data.validation is not None or not self.monitor.startswith("validation.")

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

    def _resume(self, found: Found) -> None:
        """Take up a checkpoint; SpecError, DataError or CheckpointError when it is not of this run."""
        path, meta = self.directory.path, found.checkpoint.meta
        self.notes += found.notes
        try:
            asks_for_more = compare(path, meta["spec"], self.loaded.resolved)
            if meta["data"]["fingerprint"] != self.data.fingerprint:
                raise DataError(f"{path}: the data have changed since this run began; use another directory")
            self.state.restore(found.checkpoint.tensors, meta["state"])
            self.notes += changes(meta["environment"], self.environment)
            self.best, length = meta["best"], meta["metrics_length"]
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{found.path}: not a checkpoint of this run: {error}") from error
        epochs = self.loaded.experiment.train.epochs
        if self.state.epoch > epochs:
            raise SpecError(f"{path}: {self.state.epoch} epochs are done already, train.epochs is {epochs}")
        if asks_for_more:
            self.state.stopped = None
        if self.best is not None and not self.directory.checkpoint_path(self.best["step"]).exists():
            self.notes.append(f"the checkpoint of the best epoch, {self.best['epoch']}, is gone: later ones count")
            self.best = None
        self.directory.cut_metrics(length)
        self.resumed = self._saver.step = self.state.step

    def _start(self, argv: Sequence[str]) -> None:
        """Mark the directory as a run under way."""
        durable.remove(self.directory.path / SUMMARY)  # going on: not done any more
        self._describe("running", argv=list(argv))
        self.directory.write_text("config.yaml", self.loaded.text)
        self.directory.write_text("config.resolved.yaml", dump(self.loaded.resolved))
        if self.resumed is None:
            self.directory.cut_metrics(0)
        self._log("started" if self.resumed is None else f"resumed at step {self.resumed}")

    def _record(self, record: EpochRecord) -> None:
        """Put an epoch on disk: its metrics, and a checkpoint if one is due or it is the best so far."""
        self.directory.append_metrics(record.as_dict())
        improved = False
        if self.tracks_best:
            value = record.figure(self.monitor)
            improved = better(self.monitor, value, self.best["value"] if self.best else None)
            if improved:
                self.best = {"monitor": self.monitor, "value": value, "epoch": record.epoch, "step": record.step}
        every = self.loaded.experiment.checkpoint.every_epochs
        if improved or (every is not None and record.epoch % every == 0):
            self._save()

    def _save(self) -> None:
        """Make a checkpoint of the present state."""
        tensors = self.state.tensors() | self.data.scaler.tensors()
        self._saver.save(self.state.step, tensors, self._meta(), best=self.best["step"] if self.best else None)

    def _meta(self) -> dict[str, Any]:
        state, resolved = self.state, self.loaded.resolved
        return {
            "step": state.step,
            "epoch": state.best_epoch if state.restored else state.epoch,  # of the parameters, which may be the best
            "state": state.figures(),
            "spec": resolved,
            "config_sha256": hashlib.sha256(strict_json.canonical(resolved).encode()).hexdigest(),
            "data": asdict(self.assembly.facts) | {"fingerprint": self.data.fingerprint},
            "metrics_length": self.directory.metrics_length,
            "best": self.best,
            "environment": self.environment,
        }

    def _interrupt(self) -> None:
        self._saver.flush()
        path, step = self.directory.path, self.state.step
        self._describe("interrupted", stopped="a signal")
        self._log(f"interrupted at step {step}")
        raise InterruptedRun(f"{path}: saved at step {step}; the same command with --run-dir {path} goes on")

    def _diverge(self, error: DivergenceError) -> None:
        self._saver.flush()
        last = next(reversed(self.directory.checkpoints()), None)
        good = f"; last good checkpoint: {last}" if last else "; no checkpoint was saved yet"
        self._describe("diverged", stopped=str(error))
        self._log(f"diverged: {error}")
        self._write_curves()
        raise DivergenceError(f"{error}{good}") from None

    def _finish(self) -> None:
        """Save the end, score the weights that are kept, draw, and write the summary last: it says that all is done."""
        is_best = self.best is not None and self.best["step"] == self.state.step
        if self._saver.step != self.state.step or (self.state.restored and not is_best):
            self._save()
        self._saver.flush()
        kept = self.directory.checkpoint_path(self.best["step"] if self.best else self.state.step)
        records = self.directory.read_metrics()
        summary = sum_up(
            self.prepared, self.state, kept=kept, root=self.directory.path, best=self.best, records=records
        )
        self._write_curves()
        self._describe("done", stopped=self.state.stopped)
        self._log(f"done: {self.state.stopped}")
        self.directory.write_json(SUMMARY, summary)
        self.summary = summary

    def _write_curves(self) -> None:
        if self.painter is not None:
            best = self.best["epoch"] if self.best else None
            curves.write(self.directory, self.painter, title=self.loaded.experiment.name, best_epoch=best)
        else:
            self.directory.write_text("curves.csv", to_csv(self.directory.read_metrics()))

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
