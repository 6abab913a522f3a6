"""Checkpoints of a run under way: each that is due is remembered, and all that still count are written together.

Forcing a file to the disk takes longer than many an epoch, so what is due within a second of the last writing waits in
memory. What lies on the disk in the end is the same as if nothing had waited; a crash costs at most that second, which
is computed again.
"""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.core.types import Array

SPACING = 1.0  # seconds


class Saver:
    """Keeps the ``keep`` newest checkpoints and that of the best epoch."""

    def __init__(self, directory: RunDir, *, keep: int, clock: Callable[[], float] = monotonic) -> None:
        self.directory, self.keep, self.clock = directory, keep, clock
        self.step: int | None = None  # of the newest checkpoint, waiting or written
        self._best: int | None = None
        self._waiting: dict[int, Checkpoint] = {}
        self._written: float | None = None

    def save(self, step: int, tensors: Mapping[str, Array], meta: Mapping[str, Any], *, best: int | None) -> None:
        """Take over a checkpoint of ``step``; ``best`` is the step of the best epoch. Raises OutputError."""
        self.step, self._best = step, best
        due = self._written is None or self.clock() - self._written >= SPACING
        kept = tensors if due else {name: array.copy() for name, array in tensors.items()}
        self._waiting[step] = Checkpoint(kept, meta)
        newest = sorted(self._waiting)[-self.keep :]
        self._waiting = {step: self._waiting[step] for step in sorted(self._waiting) if step in newest or step == best}
        if due:
            self.flush()

    def flush(self) -> None:
        """Write what waits, oldest first, and drop what no longer counts. Raises OutputError."""
        if not self._waiting:
            return
        for step, checkpoint in self._waiting.items():
            self.directory.save_checkpoint(step, checkpoint)
        self._waiting = {}
        self.directory.prune(self.keep, None if self._best is None else self.directory.checkpoint_path(self._best))
        self._written = self.clock()
