"""One run, one directory: metrics, checkpoints, texts, and the lock that keeps a second writer out.

Must not know what is trained or what the texts mean. Reading needs no lock; writing without holding it is a bug and
raises ``RuntimeError``, so that two processes cannot write one run.
"""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nntrain.artifacts import durable, facts, plain_file, strict_json
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.checkpoints import CheckpointFolder, Found
from nntrain.artifacts.metrics_file import MetricsFile
from nntrain.artifacts.run_lock import LOCK, RunLock, hold
from nntrain.errors import OutputError, SpecError, UserError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ATTEMPTS = 100  # at finding a directory name that nobody has taken

CHECKPOINTS = "checkpoints"
METRICS = "metrics.jsonl"
RUN = "run.json"
SUMMARY = "summary.json"
REPORT = "report.html"


class RunDir:
    """A run directory; make one with ``create`` or ``at``, or wrap an existing path to read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reach(None)

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    @classmethod
    def create(cls, root: Path, name: str) -> "RunDir":
        """Make ``root/<name>-<UTC time>-<4 hex>``, which nobody else has. Raises ``SpecError``, ``OutputError``."""
        if not NAME.fullmatch(name):
            raise SpecError(f"name: letters, digits, '.', '_', '-', at most 64, not led by a sign, got {name!r}")
        durable.make_directory(root)
        for _ in range(ATTEMPTS):
            path = root / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
            with durable.report_write_errors(path):
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                durable.sync_directory(root)
            return cls(path)
        raise OutputError(f"{root}: cannot find a free name for the run {name!r}")

    @classmethod
    def at(cls, path: Path) -> "RunDir":
        """Take the directory a user names, made if missing. Raises ``OutputError`` for links and plain files."""
        with durable.report_write_errors(path):
            if path.is_symlink():
                raise OutputError(f"{path}: is a symbolic link; name the run directory itself")
            if path.exists() and not path.is_dir():
                raise OutputError(f"{path}: is a file, not a run directory")
            if not (path / RUN).exists():
                durable.make_directory(path)
        return cls(path)

    @contextmanager
    def lock(self, kind: str = "run", go_on: str = "nntrain resume goes on with it") -> Iterator["RunDir"]:
        """Hold the directory alone, or raise ``LockedError`` at once; temporary files of dead writers are removed."""
        if self.path.is_symlink() or not self.path.is_dir():
            raise OutputError(f"{self.path}: the run directory does not exist")
        with hold(self.path, kind, go_on) as lock:
            try:
                self._reach(lock)
                durable.sweep(self.path, dir_fd=lock.directory)
                self._checkpoints.sweep()
                yield self
            finally:
                self._checkpoints.close()
                self._reach(None)

    # --- metrics -----------------------------------------------------------------------------------------------

    def append_metrics(self, record: Mapping[str, Any]) -> None:
        """Add one record; it becomes proof against power cuts with the next checkpoint or JSON file."""
        with self.writing():
            self._metrics.append(record)

    @property
    def metrics_length(self) -> int:
        """Bytes in metrics.jsonl, 0 when there is none."""
        return self._metrics.length

    def cut_metrics(self, length: int) -> None:
        """Drop what was recorded after ``length`` bytes. Raises ``CheckpointError`` when that is no record's end."""
        with self.writing():
            self._metrics.cut(length)

    def check_metrics(self, length: int, sha256: str | None = None) -> None:
        """Raise ``CheckpointError`` unless ``length`` bytes of records are there, with this digest; writes nothing."""
        self._metrics.check(length, sha256)

    def metrics_digest(self, length: int) -> str:
        """Return the SHA-256 of the first ``length`` bytes of the metrics, in hexadecimal digits."""
        return self._metrics.digest(length)

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return all whole records. Raises ``CheckpointError`` with the line of one that is damaged."""
        return self._metrics.read()

    # --- texts -------------------------------------------------------------------------------------------------

    def write_text(self, name: str, text: str) -> Path:
        """Write ``name`` as a whole, durably. Raises ``OutputError``."""
        return self.write_bytes(name, text.encode("utf-8", "backslashreplace"))

    def write_json(self, name: str, value: Any) -> Path:
        """Write strict JSON (NaN and ±inf become null), durably, after the metrics it may speak of."""
        with self.writing():
            self._metrics.sync()
            return self.write_text(name, strict_json.pretty(value))

    def write_bytes(self, name: str, data: bytes) -> Path:
        """Write ``name`` as a whole, durably. Raises ``OutputError``."""
        with self.writing():
            path = self._file(name)
            durable.write_bytes(path, data, dir_fd=self._dir_fd)
            return path

    def append_text(self, name: str, text: str) -> None:
        """Add ``text`` at the end of ``name`` (a log). Raises ``OutputError``."""
        with self.writing():
            durable.append(self._file(name), text.encode("utf-8", "backslashreplace"), dir_fd=self._dir_fd)

    def remove(self, name: str) -> None:
        """Delete ``name``; one that is gone already is fine. Raises ``OutputError``."""
        with self.writing():
            durable.remove(self._file(name), dir_fd=self._dir_fd)

    def read_record(self) -> dict[str, Any] | None:
        """Return run.json, None when there is none that is JSON. ``CheckpointError`` names a fact of another shape."""
        return self._read_facts(RUN, facts.RUN)

    def read_summary(self) -> dict[str, Any] | None:
        """Return summary.json, None when there is none that is JSON; ``CheckpointError`` as for run.json."""
        found = self._read_facts(SUMMARY, facts.SUMMARY)
        return None if found is None else {"stopped": None, "best": None, **found}

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return the object in ``name``; None when it is missing or not strict JSON."""
        try:
            value = strict_json.parse(plain_file.read(self._file(name), dir_fd=self._dir_fd))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def read_text(self, name: str) -> str | None:
        """Return the text of ``name``; None when it is missing or not UTF-8."""
        try:
            return plain_file.read(self._file(name), dir_fd=self._dir_fd).decode()
        except (OSError, ValueError):
            return None

    def names(self) -> list[str]:
        """Return the names of all that is in the directory, sorted, the lock apart. Raises ``OutputError``."""
        try:
            return sorted(name for name in plain_file.names(self.path, descriptor=self._dir_fd) if name != LOCK)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be read: {durable.cause(error)}") from error

    def is_done(self) -> bool:
        """Tell whether the run has its final summary."""
        return self.read_json(SUMMARY) is not None

    @property
    def status(self) -> str:
        """``done`` when the summary is there, else what run.json says, else ``new``."""
        return "done" if self.is_done() else str((self.read_json(RUN) or {}).get("status", "new"))

    # --- checkpoints -------------------------------------------------------------------------------------------

    def save_checkpoint(self, step: int, checkpoint: Checkpoint) -> Path:
        """Write the checkpoint of ``step`` durably, after the metrics it counts. Raises ``OutputError``."""
        with self.writing():
            self._metrics.sync()
            return self._checkpoints.save(step, checkpoint)

    def load_checkpoint(self, step: int) -> Checkpoint:
        """Return the verified checkpoint of ``step``. Raises ``CheckpointError``."""
        return self._checkpoints.load(step)

    def checkpoint_path(self, step: int) -> Path:
        """Return where the checkpoint of ``step`` is or would be."""
        return self._checkpoints.at(step)

    def checkpoints(self) -> list[Path]:
        """Return all checkpoint files, oldest step first, valid or not."""
        return self._checkpoints.files()

    def latest(self) -> Found | None:
        """Return the newest valid checkpoint with notes on newer, damaged ones; None when there is none at all.

        Raises ``CheckpointError`` when every one is damaged.
        """
        return self._checkpoints.latest()

    def prune(self, keep: int, protect: Collection[Path] = ()) -> list[Path]:
        """Delete all but the ``keep`` newest checkpoints and ``protect``; return the deleted, oldest first."""
        with self.writing():
            return self._checkpoints.prune(keep, protect)

    # --- within ------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Raise ``OutputError`` if the directory is not at its path any more, also where that makes a write fail."""
        lock = self._lock
        if lock is None:
            raise RuntimeError(f"{self.path}: written without holding its lock")
        lock.check()
        try:
            yield
        except UserError:
            lock.check()
            raise

    def _read_facts(self, name: str, shape: facts.Shape) -> dict[str, Any] | None:
        found = self.read_json(name)
        if found is not None:
            facts.check(found, shape, str(self.path / name))
        return found

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no file name for a run directory")
        return self.path / name

    def _reach(self, lock: RunLock | None) -> None:
        """From now on find all files from the directory that the lock holds open; without a lock by the path."""
        self._lock = lock
        self._dir_fd = None if lock is None else lock.directory
        self._metrics = MetricsFile(self.path / METRICS, self._dir_fd)
        self._checkpoints = CheckpointFolder(self.path / CHECKPOINTS, self._dir_fd)
