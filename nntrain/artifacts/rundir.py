"""One run, one directory: metrics, checkpoints, texts, and the lock that keeps a second writer out.

Must not know what is trained or what the texts mean. Reading needs no lock; writing without holding it is a bug and
raises ``RuntimeError``, so that two processes cannot write one run.
"""

import re
import secrets
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, SoftFileLock, Timeout

from nntrain.artifacts import durable, strict_json
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.checkpoints import CheckpointFolder, Found
from nntrain.artifacts.metrics_file import MetricsFile
from nntrain.errors import LockedError, OutputError, SpecError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ATTEMPTS = 100  # at finding a directory name that nobody has taken

CHECKPOINTS = "checkpoints"
METRICS = "metrics.jsonl"
RUN = "run.json"
SUMMARY = "summary.json"
LOCK = ".lock"


class RunDir:
    """A run directory; make one with ``create`` or ``at``, or wrap an existing path to read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._locked = False
        self._metrics = MetricsFile(path / METRICS)
        self._checkpoints = CheckpointFolder(path / CHECKPOINTS)

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    @classmethod
    def create(cls, root: Path, name: str) -> "RunDir":
        """Make ``root/<name>-<UTC time>-<4 hex>``, which nobody else has. Raises ``SpecError``, ``OutputError``."""
        if not NAME.fullmatch(name):
            raise SpecError(f"name: letters, digits, '.', '_', '-', at most 64, not led by a sign, got {name!r}")
        with durable.report_write_errors(root):
            root.mkdir(parents=True, exist_ok=True)
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
            if not path.exists():
                path.mkdir(parents=True, exist_ok=True)
                durable.sync_directory(path.parent)
        return cls(path)

    @contextmanager
    def lock(self) -> Iterator["RunDir"]:
        """Hold the directory alone, or raise ``LockedError`` at once; temporary files of dead writers are removed."""
        if self.path.is_symlink() or not self.path.is_dir():  # filelock would make it
            raise OutputError(f"{self.path}: the run directory does not exist")
        holder = FileLock(self.path / LOCK, thread_local=False)
        with durable.report_write_errors(self.path / LOCK), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a fall-back to soft locks, refused below
            try:
                holder.acquire(blocking=False)
            except Timeout:
                raise LockedError(f"{self.path}: another process is writing this run; wait or name another") from None
            except NotImplementedError:
                raise OutputError(f"{self.path}: the file system has no locks; use another one") from None
        try:
            if isinstance(holder, SoftFileLock):  # one that a killed process would leave behind
                raise OutputError(f"{self.path}: the file system has no locks; use another one")
            with durable.report_write_errors(self.path):
                self._sweep()
            self._locked = True
            yield self
        finally:
            self._locked = False
            holder.release()

    # --- metrics -----------------------------------------------------------------------------------------------

    def append_metrics(self, record: Mapping[str, Any]) -> None:
        """Add one record; it becomes proof against power cuts with the next checkpoint or JSON file."""
        self._require_lock()
        self._metrics.append(record)

    @property
    def metrics_length(self) -> int:
        """Bytes in metrics.jsonl, 0 when there is none."""
        return self._metrics.length

    def cut_metrics(self, length: int) -> None:
        """Drop what was recorded after ``length`` bytes. Raises ``CheckpointError`` when that is no record's end."""
        self._require_lock()
        self._metrics.cut(length)

    def check_metrics(self, length: int) -> None:
        """Raise ``CheckpointError`` unless ``length`` bytes of records are there; writes nothing."""
        self._metrics.check(length)

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return all whole records. Raises ``CheckpointError`` with the line of one that is damaged."""
        return self._metrics.read()

    # --- texts -------------------------------------------------------------------------------------------------

    def write_text(self, name: str, text: str) -> Path:
        """Write ``name`` as a whole, durably. Raises ``OutputError``."""
        return self.write_bytes(name, text.encode("utf-8", "backslashreplace"))

    def write_json(self, name: str, value: Any) -> Path:
        """Write strict JSON (NaN and ±inf become null), durably, after the metrics it may speak of."""
        self._require_lock()
        self._metrics.sync()
        return self.write_text(name, strict_json.pretty(value))

    def write_bytes(self, name: str, data: bytes) -> Path:
        """Write ``name`` as a whole, durably. Raises ``OutputError``."""
        self._require_lock()
        path = self._file(name)
        durable.write_bytes(path, data)
        return path

    def append_text(self, name: str, text: str) -> None:
        """Add ``text`` at the end of ``name`` (a log). Raises ``OutputError``."""
        self._require_lock()
        durable.append(self._file(name), text.encode("utf-8", "backslashreplace"))

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return the object in ``name``; None when it is missing or not strict JSON."""
        try:
            value = strict_json.parse(self._file(name).read_bytes())
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def read_text(self, name: str) -> str | None:
        """Return the text of ``name``; None when it is missing or not UTF-8."""
        try:
            return self._file(name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

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
        self._require_lock()
        self._metrics.sync()
        return self._checkpoints.save(step, checkpoint)

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
        self._require_lock()
        return self._checkpoints.prune(keep, protect)

    # --- within ------------------------------------------------------------------------------------------------

    def _require_lock(self) -> None:
        if not self._locked:
            raise RuntimeError(f"{self.path}: written without holding its lock")

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no file name for a run directory")
        return self.path / name

    def _sweep(self) -> None:
        """Remove temporary files left by a writer that was killed."""
        for folder in (self.path, self.path / CHECKPOINTS):
            for path in () if folder.is_symlink() else folder.glob(f".*{durable.TEMPORARY}"):
                durable.remove(path)
