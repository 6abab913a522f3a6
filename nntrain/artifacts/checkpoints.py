"""The checkpoints of one run: save, list, find the newest valid one, prune. Knows only steps and files."""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts import durable
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
    """A folder of ``step-<step>.safetensors``; the lock is the caller's business."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._valid: int | None = None  # step of the newest checkpoint known to be valid
        self._written: tuple[int, int] | None = None  # device and inode of the folder that this process writes to

    def save(self, step: int, checkpoint: Checkpoint) -> Path:
        """Write the checkpoint of ``step`` durably; the folder is made if missing. Raises ``OutputError``."""
        path = self.at(step)
        with durable.report_write_errors(self.folder):
            if not self.folder.is_symlink() and not self.folder.exists():
                self.folder.mkdir()
                durable.sync_directory(self.folder.parent)
        self._refuse_another_folder()
        storage.save(path, checkpoint)
        self._valid = step
        return path

    def at(self, step: int) -> Path:
        """Return where the checkpoint of ``step`` is or would be."""
        if not 0 <= step < 10**18:
            raise ValueError(f"step must be in [0, 10^18), got {step}")
        return self.folder / f"step-{step:012d}.safetensors"

    def files(self) -> list[Path]:
        """Return all checkpoint files, oldest step first, valid or not."""
        try:
            found = [path for path in self.folder.iterdir() if STEP.fullmatch(path.name)]
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
                    checkpoint = storage.load(path, follow_links=False)
                except CheckpointError as error:
                    if has_vanished(path):  # pruned since the folder was listed: there are newer ones by now
                        break
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
        self._refuse_another_folder()
        counted = [path for path in self.files() if self._valid is not None and step_of(path) <= self._valid]
        spared = {path.name for path in protect}
        doomed = [path for path in counted[:-keep] if path.name not in spared]
        for path in doomed:
            durable.remove(path)
        if doomed:
            with durable.report_write_errors(self.folder):
                durable.sync_directory(self.folder)
        return doomed

    def _refuse_another_folder(self) -> None:
        """Raise ``OutputError`` if the folder is a link, or is not the one that was written to before."""
        with durable.report_write_errors(self.folder):
            if self.folder.is_symlink():
                raise OutputError(f"{self.folder}: cannot write: it is a symbolic link")
            status = self.folder.stat()
            if self._written not in (None, (status.st_dev, status.st_ino)):
                raise OutputError(f"{self.folder}: cannot write: it was replaced while this run was writing to it")
            self._written = (status.st_dev, status.st_ino)


def has_vanished(path: Path) -> bool:
    """Tell whether a file that was listed is not there any more."""
    return not os.path.lexists(path)


def step_of(path: Path) -> int:
    """Return the step in a checkpoint's name, -1 when it is none."""
    match = STEP.fullmatch(path.name)
    return int(match[1]) if match else -1
