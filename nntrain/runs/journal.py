"""What a run records beside its figures: run.json, with a segment for every start, and log.txt."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nntrain.artifacts.rundir import RUN, RunDir
from nntrain.runs.assembly import Prepared
from nntrain.spec import Loaded


class Journal:
    """Writes run.json and log.txt of one run."""

    def __init__(
        self,
        directory: RunDir,
        loaded: Loaded,
        ready: Prepared,
        facts: Mapping[str, Any],
    ) -> None:
        self.directory, self.loaded = directory, loaded
        data, kept = ready.data, ready.kept_monitor
        patient = loaded.spec.train.stop.patience is not None
        self._facts = {  # what the run depends on beside its spec, and the figures that decide
            "data": {"fingerprint": data.fingerprint, "task": data.task, "n_classes": data.n_classes},
            "sizes": ready.job.network.sizes,
            "monitors": {"patience": ready.stop_monitor.name if patient else None, "best": kept.name if kept else None},
            **facts,
        }
        self._resumed: int | None = None

    def begin(
        self, argv: Sequence[str], *, resumed: int | None, changes: Sequence[str], notes: Sequence[str] = ()
    ) -> None:
        """Mark the directory as a run in progress: this start is a new segment, from step ``resumed`` on."""
        before = self.directory.read_record() or {}
        self._resumed = resumed
        segment = {
            "time": now(),
            "argv": list(argv),
            "from_step": resumed or 0,
            "epochs": {"before": _epochs(before.get("spec")), "after": self.loaded.spec.train.epochs},
            "changes": list(changes),
        }
        self.write("running", argv=list(argv), segments=[*(before.get("segments") or []), segment])
        self.log("started" if resumed is None else f"resumed at step {resumed}")
        for note in notes:
            self.log(f"note: {note}")

    def write(self, status: str, **more: Any) -> None:
        """Write run.json: what this run is, its status, and what it depends on."""
        before = self.directory.read_json(RUN) or {}
        facts = {
            "name": self.loaded.spec.name,
            "status": status,
            "started": before.get("started", now()),
            "updated": now(),
            "argv": before.get("argv"),
            "resumed_at": self._resumed,
            "segments": before.get("segments"),
            "seed": self.loaded.spec.seed,
            **self._facts,
            "spec": self.loaded.resolved,
        }
        self.directory.write_json(RUN, facts | more)

    def end(self, status: str, why: str | None, line: str) -> None:
        """Write run.json and a line of log.txt when training has come to an end, for now or for good."""
        self.write(status, stopped=why)
        self.log(line)

    def log(self, line: str) -> None:
        """Add a line to log.txt."""
        self.directory.append_text("log.txt", f"{now()} {line}\n")


def now() -> str:
    """Return the time, to the second, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")


def _epochs(spec: Any) -> int | None:
    train = spec.get("train") if isinstance(spec, Mapping) else None
    return train.get("epochs") if isinstance(train, Mapping) else None
