"""From a checkpoint to the state of a run that goes on, under the same limits or under others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoints import Found
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError, DataError, SpecError
from nntrain.runs.assembly import Prepared
from nntrain.runs.resume import compare
from nntrain.spec import Loaded
from nntrain.train.job import Job
from nntrain.train.state import State

LOOKS = 64  # steps at which two courses of the learning rate are compared


@dataclass(slots=True)
class Restored:
    """Where a run stands when it is taken up; as made, at its very beginning.

    ``step`` and ``environment`` are the checkpoint's; ``best`` and ``cut`` are what it knows of the best epoch, and of
    the time before an epoch that was ended early; ``reopened``: the run had ended and goes on under other limits.
    """

    step: int | None = None
    best: dict[str, Any] | None = None
    cut: dict[str, Any] | None = None
    metrics_length: int = 0
    environment: Mapping[str, Any] = field(default_factory=dict)
    reopened: bool = False
    notes: list[str] = field(default_factory=list)


def restore(found: Found, directory: RunDir, loaded: Loaded, ready: Prepared, state: State) -> Restored:
    """Put a checkpoint into the state of a run; SpecError, DataError, CheckpointError when it is not of this run.

    Nothing is written.
    """
    path, meta, job = directory.path, found.checkpoint.meta, ready.job
    try:
        changes = compare(directory, meta["spec"], loaded.resolved)
        if meta["data"]["fingerprint"] != ready.data.fingerprint:
            raise DataError(f"{path}: the data have changed since this run began; use another directory")
        state.restore(found.checkpoint.tensors, meta["state"])
        there = Restored(state.step, meta["best"], meta.get("cut"), meta["metrics_length"], meta["environment"])
        before = meta["spec"]["train"]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{found.path}: not a checkpoint of this run: {error}") from error
    there.notes += found.notes
    limits = [change.change for change in changes if change.limits]
    if limits:
        _reopen(path, state, job, there)
        there.notes += limits
        there.notes += horizon_notes(job, state, before) if state.stopped is None else _still_ended(path, state)
    _settle_best(directory, loaded.spec.checkpoint.best, there)
    _settle_best_weights(directory, job, state, there)
    directory.check_metrics(there.metrics_length)
    return there


def _reopen(path: Path, state: State, job: Job, there: Restored) -> None:
    """If there are steps left under the limits of the job, put a state that had ended back to before it did.

    Raises SpecError when more is done already than the limits allow.
    """
    training = job.training
    if state.stopped is not None and state.ended_by is not None and training.ends(*state.ended_by):
        return
    if state.stopped is not None:
        if state.cut is not None and there.cut is not None:
            there.best, there.metrics_length = there.cut["best"], there.cut["metrics_length"]
        state.reopen()
        there.cut, there.reopened = None, True
    epochs = state.epoch + (state.batch > 0)  # begun
    if epochs > training.epochs:
        what = "begun" if state.batch else "done"
        raise SpecError(f"{path}: {epochs} epochs are {what} already, train.epochs is {training.epochs}")
    if training.max_steps is not None and state.step >= training.max_steps:
        raise SpecError(f"{path}: {state.step} steps are done already, train.max_steps is {training.max_steps}")


def _still_ended(path: Path, state: State) -> list[str]:
    setting = state.ended_by[0] if state.ended_by else "limits"
    return [f"{path}: nothing to train: train.{setting} ended this run ({state.stopped}), and still does"]


def horizon_notes(job: Job, state: State, before: Mapping[str, Any]) -> list[str]:
    """Return in words what another length of the run changes in its learning rates; nothing where nothing changes.

    ``before`` is the ``train`` section that the run was going by.
    """
    per_epoch, step, now = job.batches.per_epoch, state.step, job.total_steps
    was = min(before["epochs"] * per_epoch, before["max_steps"] or before["epochs"] * per_epoch)
    steps = [step + max(0, was - 1 - step) * k // LOOKS for k in range(LOOKS + 1)]

    def factor(at: int, total: int) -> float:
        memory = state.schedule_memory
        return job.schedule.factor(at, steps_per_epoch=per_epoch, total_steps=total, memory=memory)

    if was == now or all(factor(at, was) == factor(at, now) for at in steps):
        return []
    rate, last = job.optimizer.lr, min(step, was - 1)
    old = f"{rate * factor(last, was):.3g}"
    return [
        f"the {job.schedule.kind} schedule counts on the end of the run, now step {now:,} instead of {was:,}: "
        f"the learning rate of step {step + 1:,} will be {rate * factor(step, now):.3g}; "
        + (f"it would have been {old}" if step < was else f"that of step {was:,}, the last so far, was {old}"),
        "a run of this length from the start would have had other rates so far: this will not be the same run",
    ]


def _settle_best(directory: RunDir, monitor: str, there: Restored) -> None:
    """Forget a best epoch that is gone, damaged, or best by another figure than the one that counts now."""
    best = there.best
    if best is None:
        return
    problem = ""
    if best["monitor"] != monitor:
        problem = f"checkpoint.best: {best['monitor']} before, {monitor} now: the best is that of the epochs to come"
    elif best["step"] != there.step:
        path = directory.checkpoint_path(best["step"])
        try:
            storage.load(path, follow_links=False)
        except CheckpointError as error:
            what = f"the checkpoint of the best epoch, {best['epoch']}, is gone"
            problem = f"{what if not path.exists() else error}: later ones count"
    if problem:
        there.best = None
        there.notes.append(problem)


def _settle_best_weights(directory: RunDir, job: Job, state: State, there: Restored) -> None:
    """Hold the weights of the best epoch exactly when they may be wanted back at the end."""
    stop = job.training.stop
    if stop.patience is None or not stop.restore_best:
        if state.restored:
            state.exchange_best()
            there.reopened = True  # what lies on the disk is another state
        state.best_theta = state.cut_theta = None
    elif state.best_theta is None and state.best_epoch is not None:
        best = there.best or {}
        if state.best_epoch != best.get("epoch"):
            what = f"the weights of the best epoch by {stop.monitor}, {state.best_epoch}, were not kept"
            raise SpecError(f"{directory.path}: train.stop.restore_best: {what}; set it to false")
        state.best_theta = state.params.theta.copy()
        if best["step"] != state.step:
            stored = storage.load(directory.checkpoint_path(best["step"]), follow_links=False).tensors
            for name, view in state.params.named(state.best_theta):
                np.copyto(view, stored[name])
