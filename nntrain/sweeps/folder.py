"""The folder of a sweep: what was asked for, an ordinary run for each point, its messages, and the tables.

The run directories hold the truth: what became of a point is read from its own. Knows nothing of settings or scores.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from nntrain.artifacts import durable
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import LockedError, SpecError
from nntrain.train.history import flatten

REQUEST = "sweep.yaml"
RUNS, MESSAGES, SPECS = "runs", "messages", "specs"
Status: TypeAlias = Literal["done", "diverged", "paused", "to do", "failed"]
PARTS = ("train", "validation", "test")
LAST = 300  # characters of a message


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a point: ``figures`` such as validation.cost of the weights kept, in epoch ``kept``.

    Those of a paused one were measured in the epoch at which it pauses; of others there are none. ``epochs`` counts
    those trained.
    """

    status: Status
    figures: Mapping[str, float | int | None]
    epochs: int | None = None
    kept: int | None = None
    seconds: float = 0.0

    @property
    def is_final(self) -> bool:
        """Whether there is nothing left to train for now."""
        return self.status in ("done", "diverged", "paused")


class SweepFolder:
    """The folder of one sweep, ``path``; whoever trains holds its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = RunDir(path)

    @contextmanager
    def lock(self) -> Iterator["SweepFolder"]:
        """Make the folder if it is missing, and hold it alone. Raises LockedError, OutputError, SpecError."""
        self._files = RunDir.at(self.path)
        names = self._files.names()
        if names and REQUEST not in names:
            raise SpecError(
                f"{self.path}: not the folder of a sweep, but it holds {names[0]!r}; name another with --out"
            )
        with self._refusal(), self._files.lock("sweep", "the same command with --out goes on with it"):
            for name in (RUNS, MESSAGES):
                with durable.report_write_errors(self.path / name):
                    (self.path / name).mkdir(exist_ok=True)
            yield self

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Raise OutputError if the folder is not at its path any more: nothing may be begun in it then."""
        with self._files.writing():
            yield

    def write(self, name: str, text: str) -> Path:
        """Write a file of the sweep as a whole, unless it holds just this already. Raises OutputError."""
        return self.path / name if self.has(name, text) else self._files.write_text(name, text)

    def has(self, name: str, text: str) -> bool:
        """Tell whether a file of the sweep holds just this."""
        return self._files.read_text(name) == text

    def write_picture(self, name: str, data: bytes) -> Path:
        """Write a picture as a whole. Raises OutputError."""
        return self._files.write_bytes(name, data)

    def write_spec(self, point: str, text: str) -> Path:
        """Write the complete spec of a point to a file of its own. Raises OutputError."""
        path = self.path / SPECS / f"{point}.yaml"
        with self.writing():
            with durable.report_write_errors(path):
                path.parent.mkdir(exist_ok=True)
            durable.write_bytes(path, text.encode())
        return path

    def run(self, point: str) -> Path:
        """Return where the run of a point is or would be."""
        return self.path / RUNS / point

    def messages(self, point: str) -> Path:
        """Return the file with what the process of a point said."""
        return self.path / MESSAGES / f"{point}.txt"

    def last_message(self, point: str) -> str:
        """Return the last line that the process of a point said, empty if none."""
        try:
            lines = self.messages(point).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip()[:LAST] for line in reversed(lines) if line.strip()), "")

    def drop_messages(self, point: str) -> None:
        """Remove an empty file of messages."""
        path = self.messages(point)
        with suppress(OSError):
            if not path.stat().st_size:
                path.unlink()

    def progress(self, point: str) -> str:
        """Return the newest checkpoint's name: it tells whether an attempt got any further."""
        files = RunDir(self.run(point)).checkpoints()
        return files[-1].name if files else ""

    def outcome(self, point: str, until: int | None = None) -> Outcome:
        """Read what became of a point that is to be trained up to an epoch, or else to its end."""
        run = RunDir(self.run(point))
        summary = run.read_summary()
        if summary is not None:
            parts = {name: summary[name] for name in PARTS if isinstance(summary.get(name), Mapping)}
            figures = dict(flatten(parts))
            return Outcome("done", figures, summary["epochs"], summary["epoch"], summary["seconds"])
        if run.status == "diverged":
            return Outcome("diverged", {}, len(run.read_metrics()))
        at = None if until is None else self.figures_at(point, until)
        return Outcome("to do", {}) if at is None else Outcome("paused", at, until)

    def figures_at(self, point: str, epoch: int) -> Mapping[str, float | None] | None:
        """Return the figures that a point measured in an epoch, counted from 1; None if it did not get so far."""
        for record in RunDir(self.run(point)).read_metrics():
            if record.get("epoch") == epoch:
                return dict(flatten({name: record[name] for name in PARTS if isinstance(record.get(name), Mapping)}))
        return None

    @contextmanager
    def _refusal(self) -> Iterator[None]:
        """Say of the lock whose it is."""
        try:
            yield
        except LockedError as error:
            if str(error).startswith(f"{self.path}:"):
                raise LockedError(
                    f"{self.path}: another sweep is at work here; wait, or name another with --out"
                ) from None
            raise
