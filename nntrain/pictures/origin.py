"""What a picture is of: a run directory, a checkpoint, or a spec, and the model that each gives.

A spec is trained in memory. So is a run up to an epoch whose checkpoint is not on disk; its figures are then compared
with those that the run recorded. Nothing is written. Knows nothing of what is drawn.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.curves import Curves
from nntrain.drawing.sheet import Heading
from nntrain.errors import CheckpointError, SpecError
from nntrain.pictures.replay import Replay
from nntrain.runs.curve_files import curves_of
from nntrain.runs.resume import spec_of_run
from nntrain.runs.run_title import describe_spec, score_names
from nntrain.runs.trained import Trained, open_model
from nntrain.spec import Loaded
from nntrain.train.records import EpochRecord


class Origin(ABC):
    """What a picture is of. ``notes`` are lines worth telling the user once it is drawn."""

    def __init__(self, path: Path, overrides: Sequence[str]) -> None:
        self.path, self.overrides = path, overrides
        self.notes: list[str] = []

    @abstractmethod
    def curves(self, epoch: int | None = None) -> Curves:
        """Return the curves, up to an epoch if one is given."""

    def recorded(self, epoch: int | None = None) -> Curves | None:
        """Return the curves that are on disk already, None where there are none."""
        return None

    @abstractmethod
    def model(self, epoch: int | None = None) -> Trained:
        """Return the model after an epoch, 0 being the first weights; by default that which is kept."""

    @abstractmethod
    def replay(self) -> Replay:
        """Return the training of this run from its first weights on, to be run again in memory."""

    @abstractmethod
    def compare(self, again: EpochRecord) -> None:
        """Note where an epoch of a replay is not as it was recorded."""

    def heading(self, model: Trained, *more: str) -> Heading:
        """Return the heading of a picture of a model, with ``more`` that it shows."""
        spec = model.assembly.spec
        return Heading(spec.name, [*describe_spec(spec, model.assembly.network.sizes), f"epoch {model.epoch}", *more])


class RunOrigin(Origin):
    """A run directory, whatever state it is in."""

    _differs = False  # whether a replay was found to differ from the records

    @cached_property
    def directory(self) -> RunDir:
        """The directory itself."""
        return RunDir(self.path)

    @cached_property
    def _records(self) -> list[dict[str, Any]]:
        return self.directory.read_metrics()

    def curves(self, epoch: int | None = None) -> Curves:
        summary = self.directory.read_summary()
        found = self.directory.latest() if summary is None else None
        best = summary["best"] if summary else found.checkpoint.meta.get("best") if found else None
        curves = curves_of(self.directory, best, epoch)
        self._check_epoch(epoch)
        if not curves.records:
            why = curves.heading.alarm if curves.heading else ""
            raise CheckpointError(f"{self.path}: no epoch is recorded, so there are no curves{why and f'; {why}'}")
        return curves

    def recorded(self, epoch: int | None = None) -> Curves | None:
        return self.curves(epoch) if self._records else None

    def model(self, epoch: int | None = None) -> Trained:
        if epoch is None:
            if not self.directory.checkpoints():
                what = "no checkpoint was saved yet; --epoch 0 shows the weights that it began with"
                raise CheckpointError(f"{self.path}: {what}")
            model = open_model(self.path, self.overrides)
            self.notes += model.notes
            return model
        self._check_epoch(epoch)
        step = self._records[epoch - 1]["step"] if epoch else 0
        saved = self.directory.checkpoint_path(step)
        if epoch and saved.exists():
            return open_model(saved, self.overrides)
        if self.overrides:
            what = f"the weights of epoch {epoch} are not on disk, and those that are trained again take the run's data"
            raise SpecError(f"--set {self.overrides[0]}: {what}")
        return self._replayed(epoch, step)

    def replay(self) -> Replay:
        replay = Replay(spec_of_run(self.path), (self.directory.read_record() or {}).get("parent"))
        self.notes += replay.notes
        return replay

    def compare(self, again: EpochRecord) -> None:
        records = self._records
        if again.epoch > len(records) or self._differs:
            return
        before, now = records[again.epoch - 1]["train"].get("cost"), again.train["cost"]
        if before != now:
            self._differs = True
            what = f"trained again, epoch {again.epoch} has the training cost {now!r}, the run recorded {before!r}"
            self.notes.append(f"{self.path}: {what}; the picture is that of the training in memory")

    def _replayed(self, epoch: int, step: int) -> Trained:
        replay = self.replay()
        for record in replay.train(epoch):
            self.compare(record)
        if replay.diverged:
            raise CheckpointError(f"{self.path}: trained again in memory, it diverged: {replay.diverged}")
        return replay.model(self.path, epoch, step)

    def _check_epoch(self, epoch: int | None) -> None:
        done = len(self._records)
        if epoch is not None and epoch > done:
            raise SpecError(f"--epoch: {self.path} has {done} recorded epochs, got {epoch}")


class CheckpointOrigin(Origin):
    """One checkpoint file; its run is the directory around it."""

    def curves(self, epoch: int | None = None) -> Curves:
        return self._run.curves(self.model().epoch if epoch is None else epoch)

    def recorded(self, epoch: int | None = None) -> Curves | None:
        return self._run.recorded(self.model().epoch if epoch is None else epoch)

    def model(self, epoch: int | None = None) -> Trained:
        model = open_model(self.path, self.overrides)
        if epoch is not None and epoch != model.epoch:
            raise SpecError(f"--epoch: {self.path} is of epoch {model.epoch}, got {epoch}; name its run directory")
        return model

    def replay(self) -> Replay:
        return self._run.replay()

    def compare(self, again: EpochRecord) -> None:
        self._run.compare(again)

    @cached_property
    def _run(self) -> RunOrigin:
        folder = self.path.resolve().parent.parent
        if not (folder / "metrics.jsonl").exists():
            raise CheckpointError(f"{self.path}: its run directory is not around it; name the run directory")
        run = RunOrigin(folder, self.overrides)
        run.notes = self.notes
        return run


class SpecOrigin(Origin):
    """A spec, which is trained in memory when weights or curves are asked for."""

    def __init__(self, path: Path, loaded: Loaded) -> None:
        super().__init__(path, ())
        self.loaded = loaded

    def curves(self, epoch: int | None = None) -> Curves:
        self._check_epoch(epoch)
        replay = self.replay()
        records = list(replay.train(epoch)) if epoch is not None else replay.train_whole()
        if not records:
            raise SpecError(f"{self.path}: no epoch was finished, so there are no curves{_why(replay)}")
        spec, alarm = replay.loaded.spec, replay.diverged.partition(";")[0]
        heading = Heading(spec.name, [*describe_spec(spec, replay.network.sizes), "trained in memory"], alarm)
        kept = replay.kept.epoch if replay.kept and replay.prepared.kept_monitor else None
        return Curves([record.as_dict() for record in records], heading, kept, score_names())

    def model(self, epoch: int | None = None) -> Trained:
        self._check_epoch(epoch)
        replay = self.replay()
        if epoch is None:
            replay.train_whole()
            kept = replay.kept
            model = replay.model(self.path, kept.epoch if kept else 0, kept.step if kept else 0)
            self.notes += [f"{self.path}: {replay.diverged}"] if replay.diverged else []
        else:
            last = [(record.epoch, record.step) for record in replay.train(epoch)]
            model = replay.model(self.path, *(last[-1] if last else (0, 0)))
            if replay.diverged:
                raise SpecError(f"{self.path}: {replay.diverged}")
        return model

    def replay(self) -> Replay:
        replay = Replay(self.loaded)
        self.notes += [*replay.notes, f"{self.path}: trained in memory; nothing of it is kept"]
        return replay

    def compare(self, again: EpochRecord) -> None:
        pass  # nothing was recorded

    def _check_epoch(self, epoch: int | None) -> None:
        last = self.loaded.spec.train.epochs
        if epoch is not None and epoch > last:
            raise SpecError(f"--epoch: {self.path} has {last} epochs, got {epoch}")


def _why(replay: Replay) -> str:
    return f"; {replay.diverged.partition(';')[0]}" if replay.diverged else ""
