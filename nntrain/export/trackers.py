"""The records of runs in experiment trackers: TensorBoard, MLflow and Weights & Biases, after the fact or on the way.

Knows nothing of terminals.
"""

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError, MissingExtraError, SpecError

RUNNING = ("running", "new")  # what the status of a run says while it goes on


class Tracker(ABC):
    """Takes the figures of runs into ``folder``; one object for each run, which ``begin`` names."""

    needs: ClassVar[str]
    default: ClassVar[str]  # the folder where none is named

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        """Begin a run with its settings by dotted name. SpecError where it is there already."""

    @abstractmethod
    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Take the figures of an epoch, which ended with this step."""

    @abstractmethod
    def end(self) -> None:
        """Say that no more figures come."""


class TensorBoard(Tracker):
    """Event files for TensorBoard, one folder a run, by tensorboardX."""

    needs = "tensorboardX: pip install 'nntrain[tensorboard]'"
    default = "tensorboard"

    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        from tensorboardX import SummaryWriter

        target = self.folder / name
        if target.exists():
            raise SpecError(f"{target}: exists already; name another folder with -o")
        self._writer: Any = SummaryWriter(str(target))
        self._writer.add_text("spec", "\n".join(f"    {key}: {value}" for key, value in settings.items()))

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def end(self) -> None:
        self._writer.close()


class Mlflow(Tracker):
    """A folder of plain files for MLflow, with the experiment ``nntrain``."""

    needs = "mlflow-skinny: pip install 'nntrain[mlflow]'"
    default = "mlruns"

    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        from mlflow import MlflowClient

        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # newer versions ask before they write plain files
        self.folder.mkdir(parents=True, exist_ok=True)
        self._client: Any = MlflowClient(f"file:{self.folder.absolute()}")
        found = self._client.get_experiment_by_name("nntrain")
        experiment = found.experiment_id if found else self._client.create_experiment("nntrain")
        known = self._client.search_runs([experiment], f"tags.`mlflow.runName` = '{name}'")
        if known:
            raise SpecError(f"{self.folder}: has a run {name} already; name another folder with -o")
        self._run = self._client.create_run(experiment, run_name=name).info.run_id
        for key, value in settings.items():
            self._client.log_param(self._run, key, str(value)[:500])

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._client.log_metric(self._run, name, value, step=step)

    def end(self) -> None:
        self._client.set_terminated(self._run)


TRACKERS: Mapping[str, type[Tracker]] = {"tensorboard": TensorBoard, "mlflow": Mlflow}


def track(runs: Sequence[Path], to: str, folder: Path, wait: Callable[[], None] | None = None) -> Iterator[str]:
    """Send the records of runs to a tracker, and yield the name of each run once all of it is there.

    With ``wait``, which lets some time pass, the records of runs that go on are sent as they come. MissingExtraError
    without the package; SpecError for a run that is there already; CheckpointError for one without records.
    """
    open_runs = []
    for path in runs:
        run = RunDir(path)
        if run.read_record() is None:
            raise CheckpointError(f"{path}: is no run: it has no run.json")
        tracker = TRACKERS[to](folder)
        try:
            tracker.begin(path.resolve().name, dict(_flat((run.read_record() or {}).get("spec") or {})))
        except ImportError:
            raise MissingExtraError(f"export --to {to} needs {tracker.needs}") from None
        open_runs.append((path, run, tracker, 0))
    while open_runs:
        left = []
        for path, run, tracker, sent in open_runs:
            goes_on = wait is not None and run.status in RUNNING  # asked first: the last record comes before the end
            records = run.read_metrics()
            for record in records[sent:]:
                tracker.add(record["step"], dict(figures_of(record)))
            if goes_on:
                left.append((path, run, tracker, max(sent, len(records))))
                continue
            tracker.end()
            yield f"{path}: {len(records)} epochs"
        open_runs = left
        if left and wait is not None:
            wait()


def figures_of(record: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the figures of an epoch by name, ``train/cost`` and the like; those that are not finite are left out."""
    for name, value in record.items():
        if name == "step" or value is None:
            continue
        figures = (
            {f"{name}/{key}": item for key, item in value.items()} if isinstance(value, Mapping) else {name: value}
        )
        for key, item in figures.items():
            if isinstance(item, int | float) and math.isfinite(item):
                yield key, float(item)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings by dotted name."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
