"""The checkpoints of one run: save, list, find the newest valid one, prune. Knows only steps and files."""

import errno
import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts import durable, plain_file
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.errors import CheckpointError, OutputError

STEP = re.compile(r"step-(\d{12,18})\.safetensors")
LISTINGS = 100  # of a folder whose files vanish while they are read, because a run prunes them


class Found(NamedTuple):
    """The newest valid checkpoint, and one line for each newer one that had to be passed over."""

    path: Path
    checkpoint: Checkpoint
    notes: tuple[str, ...]


class CheckpointFolder:
    """A folder of ``step-<step>.safetensors``; the lock is the caller's business.

    Who holds the run directory open gives its descriptor as ``dir_fd``. The folder is then found from there, once, and
    kept open as well, until ``close``. Without it the folder can only be read.
    """

    def __init__(self, folder: Path, dir_fd: int | None = None) -> None:
        self.folder = folder
        self._valid: int | None = None  # step of the newest checkpoint known to be valid
        self._dir_fd = dir_fd
        self._descriptor: int | None = None  # of the folder, once it was found

    def close(self) -> None:
        """Let go of the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)

    def save(self, step: int, checkpoint: Checkpoint) -> Path:
        """Write the checkpoint of ``step`` durably; the folder is made if missing. Raises ``OutputError``."""
        path = self.at(step)
        storage.save(path, checkpoint, dir_fd=self._writable())
        self._valid = step
        return path

    def load(self, step: int) -> Checkpoint:
        """Return the verified checkpoint of ``step``. Raises ``CheckpointError``."""
        return self._load(self.at(step))

    def sweep(self) -> None:
        """Remove temporary files left by a writer that was killed. Raises ``OutputError``."""
        with suppress(OSError):
            self._open()
        if self._descriptor is not None:
            durable.sweep(self.folder, dir_fd=self._descriptor)

    def at(self, step: int) -> Path:
        """Return where the checkpoint of ``step`` is or would be."""
        if not 0 <= step < 10**18:
            raise ValueError(f"step must be in [0, 10^18), got {step}")
        return self.folder / f"step-{step:012d}.safetensors"

    def files(self) -> list[Path]:
        """Return all checkpoint files, oldest step first, valid or not."""
        try:
            listed = plain_file.names(self.folder, descriptor=self._open())
            found = [self.folder / name for name in listed if STEP.fullmatch(name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CheckpointError(f"{self.folder}: cannot be read: {durable.cause(error)}") from error
        return sorted(found, key=step_of)

    def latest(self) -> Found | None:
        """Return the newest valid checkpoint, None when there is none at all.

        Damaged ones are passed over and named in the notes. Raises ``CheckpointError`` when every one is damaged.
        """
        for _ in range(LISTINGS):
            problems: list[str] = []
            for path in reversed(self.files()):
                try:
                    checkpoint = self._load(path)
                except CheckpointError as error:
                    if not plain_file.is_there(path, dir_fd=self._descriptor):
                        break  # pruned since the folder was listed: there are newer ones by now
                    problems.append(str(error))
                    continue
                self._valid = step_of(path)
                return Found(path, checkpoint, tuple(f"{problem}; using {path.name}" for problem in problems))
            else:
                if problems:
                    count = f"none of the {len(problems)} checkpoints in {self.folder} is valid"
                    raise CheckpointError(f"{problems[0]}; {count}")
                return None
        raise CheckpointError(f"{self.folder}: its checkpoints vanish while they are read; try again")

    def prune(self, keep: int, protect: Collection[Path]) -> list[Path]:
        """Delete all but the ``keep`` newest checkpoints and ``protect``; return the deleted, oldest first.

        Only files up to the newest valid one count and go: a later one is damaged, was passed over on resume, and
        must not push out the valid ones. Raises ``CheckpointError`` when every one is damaged, ``OutputError``.
        """
        if keep < 1:
            raise ValueError(f"keep must be at least 1, got {keep}")
        if self._valid is None and self.latest() is None:
            return []
        descriptor = self._writable()
        counted = [path for path in self.files() if self._valid is not None and step_of(path) <= self._valid]
        spared = {path.name for path in protect}
        doomed = [path for path in counted[:-keep] if path.name not in spared]
        for path in doomed:
            durable.remove(path, dir_fd=descriptor)
        if doomed:
            durable.sync_names(self.folder, dir_fd=descriptor)
        return doomed

    def _load(self, path: Path) -> Checkpoint:
        try:
            descriptor = self._open()
        except OSError as error:
            raise CheckpointError(f"{path}: cannot read the checkpoint: {durable.cause(error)}") from error
        return storage.load(path, follow_links=False, dir_fd=descriptor)

    def _open(self) -> int | None:
        """Return the folder, open and no link, where the run directory is held; else None. Raises ``OSError``."""
        if self._dir_fd is not None and self._descriptor is None:
            self._descriptor = os.open(self.folder.name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._dir_fd)
            if not self._is_the_one_there():
                self.close()
                self._descriptor = None
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return self._descriptor

    def _writable(self) -> int:
        """Return the open folder, made if missing, or raise ``OutputError`` if its name leads to another by now."""
        if self._dir_fd is None:
            raise RuntimeError(f"{self.folder}: written without holding the run directory")
        with durable.report_write_errors(self.folder):
            if self._descriptor is None and not plain_file.is_there(self.folder, dir_fd=self._dir_fd):
                durable.make_folder(self.folder, dir_fd=self._dir_fd)
            descriptor = self._open()
        if descriptor is None or not self._is_the_one_there():
            raise OutputError(f"{self.folder}: cannot write: it was replaced while this run was writing to it")
        return descriptor

    def _is_the_one_there(self) -> bool:
        """Tell whether the open folder is still what its name leads to, without a link."""
        if self._descriptor is None:
            return False
        with suppress(OSError):
            there = os.stat(self.folder.name, dir_fd=self._dir_fd, follow_symlinks=False)
            return os.path.samestat(there, os.fstat(self._descriptor))
        return False


def step_of(path: Path) -> int:
    """Return the step in a checkpoint's name, -1 when it is none."""
    match = STEP.fullmatch(path.name)
    return int(match[1]) if match else -1
