"""The state of a training run: everything that the next step depends on, and nothing else.

A run is resumed from ``tensors()`` and ``figures()`` bit for bit, since all randomness is a function of seed, epoch and
step. Knows nothing of files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nntrain.core.params import Params
from nntrain.core.types import Array
from nntrain.ops.optimizers import Optimizer

_FIGURES = ("epoch", "batch", "step", "rows", "cost_sum", "metric_sum", "seconds", "elapsed", "first_cost")
_MONITORED = ("schedule_memory", "best_value", "best_epoch", "waited", "stopped", "restored")
_ENDED = ("ended_by", "cut")


@dataclass(slots=True, eq=False)
class State:
    """Parameters, optimizer slots, position, running sums of the epoch under way, and what stopping rules remember."""

    params: Params
    slots: dict[str, Array]
    best_theta: Array | None = None  # parameters of the best epoch, where they may be wanted back
    epoch: int = 0  # finished epochs
    batch: int = 0  # finished batches of the epoch under way
    step: int = 0  # finished optimizer steps
    rows: int = 0  # examples seen in the epoch under way
    cost_sum: float = 0.0
    metric_sum: float = 0.0
    seconds: float = 0.0  # training time of the epoch under way
    elapsed: float = 0.0  # training time of finished epochs
    first_cost: float | None = None
    schedule_memory: tuple[float, ...] = ()
    best_value: float | None = None
    best_epoch: int | None = None
    waited: int = 0  # epochs since the best
    stopped: str | None = None  # why training ended
    restored: bool = False  # whether params and best_theta have changed places at the end
    ended_by: tuple[str, float] | None = None  # the setting below ``train`` that ended training, and what met it
    cut: dict[str, Any] | None = None  # figures from before an epoch that was ended early was counted as finished
    cut_theta: Array | None = None  # best_theta from before it
    clock: Array = field(default_factory=lambda: np.zeros((), np.int64))

    @classmethod
    def start(cls, params: Params, optimizer: Optimizer) -> "State":
        """Return the state before the first step."""
        return cls(params, {name: np.zeros_like(params.theta) for name in optimizer.slots})

    def tensors(self) -> dict[str, Array]:
        """Return every array by name: parameters, ``SLOT.…``, ``best.…`` and ``cut.…``."""
        arrays = dict(self.params.named(self.params.theta))
        for slot, vector in self.slots.items():
            arrays |= {f"{slot}.{name}": view for name, view in self.params.named(vector)}
        for prefix, kept in (("best", self.best_theta), ("cut", self.cut_theta)):
            if kept is not None:
                arrays |= {f"{prefix}.{name}": view for name, view in self.params.named(kept)}
        return arrays

    def figures(self) -> dict[str, Any]:
        """Return the numbers that belong to the tensors; JSON-able."""
        return {name: getattr(self, name) for name in _FIGURES + _MONITORED + _ENDED}

    def restore(self, tensors: Mapping[str, Array], figures: Mapping[str, Any]) -> None:
        """Take over tensors and figures of an equal run; KeyError or ValueError if they are of another shape."""
        self.best_theta, self.cut_theta = (
            np.zeros_like(self.params.theta) if any(name.startswith(prefix) for name in tensors) else None
            for prefix in ("best.", "cut.")
        )
        for name, view in self.tensors().items():
            if view.shape != tensors[name].shape:
                raise ValueError(f"{name}: must be {view.shape}, got {tensors[name].shape}")
            view[...] = tensors[name]
        for name in _FIGURES + _MONITORED:
            setattr(self, name, figures[name])
        self.schedule_memory = tuple(self.schedule_memory)
        ended_by, self.cut = figures.get("ended_by"), figures.get("cut")
        self.ended_by = (ended_by[0], ended_by[1]) if ended_by else None

    def count(self, rows: int, cost: float, metric: float) -> None:
        """Count one finished step: the mean cost of its batch, and the metric's sum over it."""
        if self.first_cost is None:
            self.first_cost = cost
        self.cost_sum += cost * rows
        self.metric_sum += metric
        self.rows += rows
        self.step += 1
        self.batch += 1

    def exchange_best(self) -> None:
        """Let the parameters and those of the best epoch change places: nothing is lost, the run can go on later."""
        if self.best_theta is not None and self.best_epoch is not None:
            last = self.params.theta.copy()
            np.copyto(self.params.theta, self.best_theta)
            np.copyto(self.best_theta, last)
            self.restored = not self.restored

    def end(self, setting: str, reached: float, why: str) -> None:
        """Note that training ends: by which setting, the value that met it, and why in words."""
        self.ended_by, self.stopped = (setting, reached), why

    def mark_cut(self) -> None:
        """Remember the epoch under way, which is to be counted as finished before its last batch."""
        self.cut = {name: getattr(self, name) for name in _FIGURES + _MONITORED}
        self.cut_theta = None if self.best_theta is None else self.best_theta.copy()

    def reopen(self) -> None:
        """Be as training was when it ended: at its last step, not its best epoch, and within the epoch if it was cut.

        What comes then is what would have come without the end.
        """
        if self.restored:
            self.exchange_best()
        if self.cut is not None:
            for name, value in self.cut.items():
                setattr(self, name, value)
            self.schedule_memory = tuple(self.schedule_memory)
            self.best_theta = self.cut_theta
        self.stopped = self.ended_by = self.cut = self.cut_theta = None

    def finish_epoch(self) -> None:
        """Count the epoch under way as finished and clear its sums."""
        self.epoch += 1
        self.elapsed += self.seconds
        self.batch = self.rows = 0
        self.cost_sum = self.metric_sum = self.seconds = 0.0
