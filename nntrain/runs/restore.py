"""From a checkpoint to the state of a run that is resumed, with the same limits or with others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nntrain.artifacts.checkpoints import Found
from nntrain.artifacts.rundir import RunDir
from nntrain.core.types import Array
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.errors import CheckpointError, DataError, SpecError
from nntrain.runs.assembly import Prepared
from nntrain.runs.position import Position, position_of
from nntrain.runs.resume import compare
from nntrain.runs.stored_facts import check_meta
from nntrain.spec import Loaded, resolve
from nntrain.train.history import figure
from nntrain.train.job import Job
from nntrain.train.settings import SEARCH
from nntrain.train.state import State

SAMPLES = 64  # steps at which two schedules of the learning rate are compared


@dataclass(slots=True)
class StartingPoint:
    """What a run resumes from, beside its state; the defaults describe a new run.

    ``step`` and ``environment`` are the checkpoint's, ``best`` is the best epoch that it names. Where training ended
    within an epoch, ``before`` has the best epoch and the length of the metrics without that epoch. ``rewrite`` tells
    that the checkpoint must be written anew. ``old_best`` is a best epoch and its weights, which have no file yet.
    """

    step: int | None = None
    best: dict[str, Any] | None = None
    before: dict[str, Any] | None = None
    metrics_length: int = 0
    environment: Mapping[str, Any] = field(default_factory=dict)
    rewrite: bool = False
    old_best: tuple[dict[str, Any], Mapping[str, Array]] | None = None
    notes: list[str] = field(default_factory=list)


def restore(found: Found, directory: RunDir, loaded: Loaded, ready: Prepared, state: State) -> StartingPoint:
    """Put a checkpoint into the state of a run. Nothing is written.

    Raises SpecError, DataError and CheckpointError when the checkpoint belongs to another spec, data or program.
    """
    path, meta = directory.path, found.checkpoint.meta
    spec = check_meta(meta, found.path)
    try:
        changes = compare(directory, meta["spec"], loaded.resolved)
        if meta["data"]["fingerprint"] != ready.data.fingerprint:
            raise DataError(f"{path}: the data have changed since this run began; use another directory")
        if TargetScaler.restore(found.checkpoint.tensors) != ready.data.targets:
            why = "an earlier version scaled the targets of this run by one unit for all of them"
            raise DataError(f"{path}: {why}; train anew in another directory")
        position = position_of(found.checkpoint)
        position.restore(state)
        if len(state.schedule_memory) not in (0, ready.job.schedule.remembers):
            raise ValueError(f"'state.schedule_memory' has {len(state.schedule_memory)} numbers")
        start = StartingPoint(state.step, meta["best"], meta.get("cut"), meta["metrics_length"], meta["environment"])
        kept_before = spec.train.stop.patience is not None and spec.train.stop.restore_best
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{found.path}: not a checkpoint of this run: {error}") from error
    directory.check_metrics(start.metrics_length, meta.get("metrics_sha256"))
    start.notes += found.notes
    if position.best is not None or not kept_before:
        _find_best_by_patience(directory, ready, position, state, start)
    limits = [change.change for change in changes if change.limits]
    if limits:
        _reopen(path, state, ready.job, start)
        start.notes += limits
        start.notes += (
            horizon_notes(ready.job, state, resolve(spec)["train"])
            if state.stopped is None
            else _say_ended(path, state)
        )
    _forget_unusable_best(directory, ready, start)
    return start


def _reopen(path: Path, state: State, job: Job, start: StartingPoint) -> None:
    """Take back the end of training, unless it would end at the same place under the limits of the job.

    Raises SpecError when more is done already than the limits allow.
    """
    training = job.training
    if state.stopped is not None and state.ended_by is not None and training.ends(*state.ended_by):
        return
    if state.stopped is not None:
        if start.before is not None:
            start.best, start.metrics_length = start.before["best"], start.before["metrics_length"]
        state.reopen()
        start.before, start.rewrite = None, True
    epochs = state.epoch + (state.batch > 0)  # begun
    if epochs > training.epochs:
        what = "begun" if state.batch else "done"
        raise SpecError(f"{path}: {epochs} epochs are {what} already, train.epochs is {training.epochs}")
    if training.max_steps is not None and state.step >= training.max_steps:
        raise SpecError(f"{path}: {state.step} steps are done already, train.max_steps is {training.max_steps}")


def _say_ended(path: Path, state: State) -> list[str]:
    """Return a line on the limit that ended the run and has not changed enough for it to go on."""
    setting = state.ended_by[0] if state.ended_by else "limits"
    name = setting if setting == SEARCH else f"train.{setting}"
    return [f"{path}: nothing to train: {name} ended this run ({state.stopped}), and still does"]


def horizon_notes(job: Job, state: State, before: Mapping[str, Any]) -> list[str]:
    """Return notes on how a new length of the run changes its learning rates; none where it does not.

    ``before`` is the ``train`` section of the spec so far.
    """
    per_epoch, step, now = job.batches.per_epoch, state.step, job.total_steps
    was = min(before["epochs"] * per_epoch, before["max_steps"] or before["epochs"] * per_epoch)
    steps = [step + max(0, was - 1 - step) * k // SAMPLES for k in range(SAMPLES + 1)]

    def factor(at: int, total: int) -> float:
        memory = state.schedule_memory
        return job.schedule.factor(at, steps_per_epoch=per_epoch, total_steps=total, memory=memory)

    mean = [_say_average(job, was)] if job.training.average is not None and was != now else []
    if was == now or all(factor(at, was) == factor(at, now) for at in steps):
        return mean
    rate, last = job.optimizer.lr, min(step, was - 1)
    old = f"{rate * factor(last, was):.3g}"
    return [
        *mean,
        f"the {job.schedule.kind} schedule depends on the length of the run, now {now:,} steps instead of {was:,}: "
        f"the learning rate of step {step + 1:,} will be {rate * factor(step, now):.3g}; "
        + (f"it would have been {old}" if step < was else f"that of step {was:,}, the last so far, was {old}"),
        "a run of this length from the start would have had other rates so far: this will not be the same run",
    ]


def _say_average(job: Job, was: int) -> str:
    """Return a line on where the mean of the parameters begins, which depends on the length of the run."""
    share = job.training.average or 0.0
    now, before = round(share * job.total_steps) + 1, round(share * was) + 1
    return f"train.average: the mean of the parameters now begins with step {now:,} instead of {before:,}"


def _forget_unusable_best(directory: RunDir, ready: Prepared, start: StartingPoint) -> None:
    """Forget the best epoch if its checkpoint is gone or damaged, or if it is the best by another figure than now."""
    best, monitor = start.best, ready.kept_monitor
    if best is None:
        return
    problem = ""
    if monitor is None:
        problem = f"checkpoint.best: {best['monitor']} before, nothing now: the last epoch is the result"
    elif best["monitor"] != monitor.name:
        name = monitor.name
        problem = f"checkpoint.best: {best['monitor']} before, {name} now: the best is that of the epochs to come"
    elif best["step"] != start.step and (start.old_best is None or best != start.old_best[0]):
        try:
            directory.load_checkpoint(best["step"])
        except CheckpointError as error:
            what = f"the checkpoint of the best epoch, {best['epoch']}, is gone"
            is_gone = directory.checkpoint_path(best["step"]) not in directory.checkpoints()
            problem = f"{what if is_gone else error}: the best is that of the epochs to come"
    if problem:
        start.best = None
        start.notes.append(problem)


def _find_best_by_patience(
    directory: RunDir, ready: Prepared, position: Position, state: State, start: StartingPoint
) -> None:
    """Find the best epoch by the figure that patience watches, where it is the result and is not named yet.

    Old checkpoints do not name it, nor do runs for which patience is set only now. Raises SpecError when the weights
    of that epoch are not on disk.
    """
    monitor, stop = ready.kept_monitor, ready.stop_monitor
    named = ready.assembly.spec.checkpoint.best
    if monitor is None or monitor.name == named or start.best is not None or state.best_epoch is None:
        return
    records = directory.read_metrics()
    step = records[state.best_epoch - 1]["step"]
    best = {"monitor": stop.name, "value": state.best_value, "epoch": state.best_epoch, "step": step}
    if step != state.step and not _is_valid(directory, step):
        if position.best is None:
            what = f"the weights of the best epoch by {stop.name}, {state.best_epoch}, were not kept"
            raise SpecError(f"{directory.path}: train.stop.restore_best: {what}; set it to false")
        start.old_best = best, position.best
    start.best, start.rewrite = best, True
    if start.before is not None:  # training ended within an epoch, which may be better still
        start.before = {**start.before, "best": best}
        value = figure(records[-1], stop.name)
        if value is not None and stop.improves(value, state.best_value):
            start.best = {"monitor": stop.name, "value": value, "epoch": state.epochs, "step": state.step}


def _is_valid(directory: RunDir, step: int) -> bool:
    try:
        directory.load_checkpoint(step)
    except CheckpointError:
        return False
    return True
