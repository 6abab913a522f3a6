"""Checkpoints of a run in progress: they are collected in memory and written together, as rarely as is safe.

Forcing a file to the disk can take longer than an epoch. So a checkpoint that is due less than ``spacing`` seconds
after the last writing waits in memory until one is due later. In the end the same files are on disk as if nothing had
waited. A crash loses at most ``spacing`` seconds and one interval of training, which are computed again. With a spacing
of 0 nothing waits.
"""

from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Any

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.core.types import Array


class Saver:
    """Keeps the ``keep`` newest checkpoints, and those of named steps such as the best epoch's."""

    def __init__(self, directory: RunDir, *, keep: int, spacing: float, clock: Callable[[], float] = monotonic) -> None:
        self.directory, self.keep, self.spacing, self.clock = directory, keep, spacing, clock
        self.step: int | None = None  # of the newest checkpoint, waiting or written
        self._kept: Collection[int] = ()
        self._waiting: dict[int, Checkpoint] = {}
        self._written: float | None = None

    def save(self, step: int, tensors: Mapping[str, Array], meta: Mapping[str, Any], *, kept: Collection[int]) -> None:
        """Save the checkpoint of a step, now or later; those of the steps ``kept`` stay. Raises OutputError."""
        self.step, self._kept = step, kept
        due = self._written is None or self.clock() - self._written >= self.spacing
        own = tensors if due else {name: array.copy() for name, array in tensors.items()}
        self._waiting[step] = Checkpoint(own, meta)
        counts = {*sorted(self._waiting)[-self.keep :], *kept}
        self._waiting = {step: self._waiting[step] for step in sorted(self._waiting) if step in counts}
        if due:
            self.flush()

    def flush(self) -> None:
        """Write the waiting checkpoints, oldest first, and delete those that are not kept. Raises OutputError."""
        if not self._waiting:
            return
        for step, checkpoint in self._waiting.items():
            self.directory.save_checkpoint(step, checkpoint)
        self._waiting = {}
        self.directory.prune(self.keep, {self.directory.checkpoint_path(step) for step in self._kept})
        self._written = self.clock()
