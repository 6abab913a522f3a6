"""Checkpoints of a run under way: each that is due is remembered, and all that still count are written together.

Forcing a file to the disk takes longer than many an epoch, so what is due within ``spacing`` seconds of the last
writing waits in memory for the next that is due later. What lies on the disk in the end is the same as if nothing had
waited; a crash costs at most that time and an interval, which are computed again. With a spacing of 0 nothing waits.
"""

from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Any

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.core.types import Array


class Saver:
    """Keeps the ``keep`` newest checkpoints, and those of certain steps such as the best epoch's."""

    def __init__(self, directory: RunDir, *, keep: int, spacing: float, clock: Callable[[], float] = monotonic) -> None:
        self.directory, self.keep, self.spacing, self.clock = directory, keep, spacing, clock
        self.step: int | None = None  # of the newest checkpoint, waiting or written
        self._kept: Collection[int] = ()
        self._waiting: dict[int, Checkpoint] = {}
        self._written: float | None = None

    def save(self, step: int, tensors: Mapping[str, Array], meta: Mapping[str, Any], *, kept: Collection[int]) -> None:
        """Take over a checkpoint of ``step``; ``kept`` are steps whose checkpoints stay. Raises OutputError."""
        self.step, self._kept = step, kept
        due = self._written is None or self.clock() - self._written >= self.spacing
        own = tensors if due else {name: array.copy() for name, array in tensors.items()}
        self._waiting[step] = Checkpoint(own, meta)
        counts = {*sorted(self._waiting)[-self.keep :], *kept}
        self._waiting = {step: self._waiting[step] for step in sorted(self._waiting) if step in counts}
        if due:
            self.flush()

    def flush(self) -> None:
        """Write what waits, oldest first, and drop what no longer counts. Raises OutputError."""
        if not self._waiting:
            return
        for step, checkpoint in self._waiting.items():
            self.directory.save_checkpoint(step, checkpoint)
        self._waiting = {}
        self.directory.prune(self.keep, {self.directory.checkpoint_path(step) for step in self._kept})
        self._written = self.clock()
