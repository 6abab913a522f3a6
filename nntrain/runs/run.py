"""One training run in its directory: start or resume, train, save, and sum up.

The order of writing keeps a run whole after a crash at any point. run.json is written first and marks the directory
as a run. Metrics are appended, then the checkpoint that counts them is written, then older checkpoints are deleted.
summary.json is written last and says that the run is done. When a finished run is resumed, its summary is deleted
first, and metrics are cut off only after a checkpoint no longer counts them.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from nntrain.artifacts import strict_json
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.checkpoints import Found
from nntrain.artifacts.rundir import REPORT, SUMMARY, RunDir
from nntrain.core.machine import changes, environment
from nntrain.core.types import Array
from nntrain.drawing.plot_process import PlotProcess
from nntrain.errors import DivergenceError, InterruptedRun, UserError
from nntrain.runs.assembly import Prepared, prepare_run
from nntrain.runs.curve_files import PICTURES, CurveFiles
from nntrain.runs.initial_weights import InitialWeights, refuse_other_start
from nntrain.runs.journal import Journal
from nntrain.runs.position import position_of
from nntrain.runs.restore import StartingPoint, restore
from nntrain.runs.resume import Done, compare, find_done
from nntrain.runs.saver import Saver
from nntrain.runs.summary import sum_up
from nntrain.spec import Loaded, dump
from nntrain.train.divergence import diagnose
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord, Interrupted, Pause


@contextmanager
def open_run(
    loaded: Loaded,
    *,
    runs: Path,
    run_dir: Path | None,
    argv: Sequence[str],
    draw: bool = True,
    init_from: Path | None = None,
    as_begun: bool = False,
) -> Iterator["Run | Done"]:
    """Lock a run directory and prepare its run: ``run_dir``, which may hold a run already, or a new one in ``runs``.

    Raises what spec, data and directory raise; no directory is made before data and spec are known to be good.
    ``draw`` decides whether curves.png and curves.svg are made at the end. A new run starts from the weights of
    ``init_from``, a checkpoint or run. A run that is resumed must have started from the same weights; with
    ``as_begun`` that is not checked.
    """
    with ExitStack() as held:
        painter = held.enter_context(PlotProcess()) if draw else None
        parent = InitialWeights.read(init_from) if init_from is not None else None
        ready = None if run_dir is not None and run_dir.is_dir() else prepare_run(loaded)
        if parent is not None and ready is not None:
            parent.check(ready.job.network.params)
        directory = RunDir.at(run_dir) if run_dir is not None else RunDir.create(runs, loaded.spec.name)
        held.enter_context(directory.lock())
        begun = directory.read_record() is not None
        done = find_done(loaded, directory)
        if not as_begun:
            refuse_other_start(directory, parent)
        if done:
            yield done.draw_missing(CurveFiles(directory, painter))
        else:
            ready = ready or prepare_run(loaded, begun=begun)
            yield Run(loaded, directory, ready, argv=argv, painter=painter, parent=parent)


class Run:
    """A run whose directory is locked. ``events`` trains; afterwards ``summary`` holds the result.

    ``resumed`` is the step that it was resumed at, or None. ``notes`` are lines worth telling the user, ``late_notes``
    those of the end. ``best`` has the monitor, value, epoch and step of the best epoch so far. ``parent`` names the
    checkpoint whose weights the run started from, or is None.
    """

    is_done = False

    def __init__(
        self,
        loaded: Loaded,
        directory: RunDir,
        ready: Prepared,
        *,
        argv: Sequence[str] = (),
        painter: PlotProcess | None = None,
        parent: InitialWeights | None = None,
    ) -> None:
        self.data, self.assembly, self.job = ready.data, ready.assembly, ready.job
        self.loaded = loaded = loaded.settle(self.data.task, self.data.n_classes)
        self.directory, self.prepared = directory, ready
        self._curves = CurveFiles(directory, painter)
        self.summary: dict[str, Any] = {}
        self.late_notes: list[str] = []
        self.environment = environment() | self.job.network.facts()
        self.state = self.job.start()
        record = directory.read_record() or {}
        found = directory.latest()
        recorded = record or (found.checkpoint.meta if found else {})
        self.parent: dict[str, Any] | None = parent.facts if parent else recorded.get("parent")
        start = restore(found, directory, loaded, ready, self.state) if found else self._begin(parent)
        self.resumed, self.best, self._before = start.step, start.best, start.before
        self.notes = [*ready.notes, *start.notes] + (changes(start.environment, self.environment) if found else [])
        options = loaded.spec.checkpoint
        self._saver = Saver(directory, keep=options.keep, spacing=options.min_seconds)
        self._saver.step = start.step
        facts = {"parent": self.parent, "environment": self.environment, "draw": painter is not None}
        self._journal = Journal(directory, loaded, ready, facts)
        settings = compare(directory, record.get("spec") or loaded.resolved, loaded.resolved)
        self._start(start, argv, [one.change for one in settings])

    def events(self, interrupted: Interrupted = bool) -> Iterator[EpochRecord]:
        """Train, save checkpoints, and yield each epoch's record once it is on disk.

        Raises DivergenceError (the last good checkpoint is named) and InterruptedRun (after saving).
        """
        options, failure = self.loaded.spec.checkpoint, None
        try:
            for event in fit(self.job, self.state, interrupted=interrupted, pause_every=options.every_steps):
                if isinstance(event, Pause):
                    self._save()
                    if event.interrupted:
                        self._interrupt(event.interrupted)
                else:
                    self._record(event)
                    yield event
        except DivergenceError as error:
            failure = error.with_traceback(None)  # which would keep the loop and its batches alive
        if failure is not None:
            self._diverge(failure)
        self._finish()

    def _begin(self, parent: InitialWeights | None) -> StartingPoint:
        """Set the first parameters: random ones, or the parent's."""
        self.job.network.initialize(self.loaded.spec.seed)
        if parent is None and self.parent is not None:
            parent = InitialWeights.from_record(self.parent)
        return StartingPoint(notes=list(parent.copy_to(self.prepared)) if parent else [])

    def _start(self, start: StartingPoint, argv: Sequence[str], changes: Sequence[str]) -> None:
        """Mark the directory as a run in progress, and cut off the metrics that the checkpoint does not count."""
        for name in (SUMMARY, REPORT, *PICTURES):  # the run is no longer done
            self.directory.remove(name)
        self._journal.begin(argv, resumed=self.resumed, changes=changes, notes=self.notes)
        self.directory.write_text("config.yaml", self.loaded.text)
        self.directory.write_text("config.resolved.yaml", dump(self.loaded.resolved))
        if start.old_best is not None:
            self._save_old_best(*start.old_best)
        if start.rewrite:
            self._save(metrics_length=start.metrics_length)  # or the metrics would be too short for the one on disk
        self.directory.cut_metrics(start.metrics_length)

    def _record(self, record: EpochRecord) -> None:
        """Write an epoch to disk: its metrics, and a checkpoint if one is due or the epoch is the best so far."""
        if self.state.batch:  # training ended within this epoch
            self._before = {"best": self.best, "metrics_length": self.directory.metrics_length}
        self.directory.append_metrics(record.as_dict())
        improved, monitor = False, self.prepared.kept_monitor
        if monitor is not None:
            value = monitor.value(record)
            improved = monitor.improves(value, self.best["value"] if self.best else None)
            if improved:
                self.best = {"monitor": monitor.name, "value": value, "epoch": record.epoch, "step": record.step}
        every = self.loaded.spec.checkpoint.every_epochs
        if improved or (every is not None and record.epoch % every == 0):
            self._save()

    def _save(self, *, metrics_length: int | None = None) -> None:
        """Save a checkpoint of the present state; by default it counts all the metrics that are on disk."""
        meta = self._meta(self.directory.metrics_length if metrics_length is None else metrics_length)
        bests = (self.best, self._before["best"] if self._before else None)
        kept = [best["step"] for best in bests if best]
        tensors = self.state.tensors() | self.data.tensors()
        self._saver.save(self.state.step, tensors, meta, kept=kept)

    def _save_old_best(self, best: Mapping[str, Any], weights: Mapping[str, Array]) -> None:
        """Write the weights of the best epoch that an old checkpoint held. Nothing can be resumed from them alone."""
        meta = self._meta(0) | {"step": best["step"], "epoch": best["epoch"], "best": best}
        del meta["state"]
        tensors = dict(weights) | self.data.tensors()
        self.directory.save_checkpoint(best["step"], Checkpoint(tensors, meta))

    def _meta(self, metrics_length: int) -> dict[str, Any]:
        state, resolved = self.state, self.loaded.resolved
        return {
            "step": state.step,
            "epoch": state.epochs,
            "state": state.figures(),
            "spec": resolved,
            "config_sha256": hashlib.sha256(strict_json.canonical(resolved).encode()).hexdigest(),
            "data": self.assembly.facts.as_dict(loss=self.loaded.spec.loss)
            | {"fingerprint": self.data.fingerprint, "encoder": self.data.transform.facts()},
            "metrics_length": metrics_length,
            "metrics_sha256": self.directory.metrics_digest(metrics_length),
            "best": self.best,
            "cut": self._before,
            "parent": self.parent,
            "environment": self.environment,
        }

    def _interrupt(self, reason: str | bool) -> None:
        self._saver.flush()
        path, step, why = self.directory.path, self.state.step, reason if isinstance(reason, str) else "a request"
        self._journal.end("interrupted", why, f"interrupted at step {step} by {why}")
        raise InterruptedRun(f"{path}: saved at step {step} after {why}; nntrain resume {path} goes on")

    def _diverge(self, error: DivergenceError) -> None:
        """Raise the error with its cause and the last good checkpoint, which is kept; nothing was saved after it."""
        self._saver.flush()
        found = self.directory.latest()
        good = f"; last good checkpoint: {found.path}" if found else "; no checkpoint was saved yet"
        why = self._why(error, found)
        self._journal.end("diverged", why, f"diverged: {why}")
        self._curves.write_table()
        self._curves.draw(self.best)
        raise DivergenceError(f"{why}{good}")

    def _why(self, error: DivergenceError, found: Found | None) -> str:
        """Return why training diverged after the last good checkpoint, or after the start."""
        try:
            if found:
                position_of(found.checkpoint).restore(self.state)
            else:
                self.state = self.job.start()
                self._begin(None)
            return str(diagnose(replace(self.job, team=None), self.state) or error)
        except UserError:  # the weights that the run started from are gone
            return str(error)

    def _finish(self) -> None:
        """Save the last state, score the kept weights, write the summary, which marks the run as done, and draw."""
        if self._saver.step != self.state.step:
            self._save()
        self._saver.flush()
        records = self.directory.read_metrics()
        summary = sum_up(self.prepared, self.state, directory=self.directory, best=self.best, records=records)
        self._curves.write_table()
        self._journal.end("done", self.state.stopped, f"done: {self.state.stopped}")
        self.directory.write_json(SUMMARY, summary)
        self.summary = summary
        self.late_notes += self._curves.draw(self.best)
