"""The state of training: everything that the next step depends on, and nothing else.

Training resumes from ``tensors()`` and ``figures()`` bit for bit, because all randomness is a function of seed, epoch
and step. Knows nothing of files.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nntrain.core.memory import zeros
from nntrain.core.params import Params
from nntrain.core.types import Array
from nntrain.ops.optimizers import Optimizer

_FIGURES = (
    *("epoch", "batch", "step", "rows", "cost_sum", "metric_sum", "seconds", "elapsed", "first_cost"),
    *("schedule_memory", "search_memory", "best_value", "best_epoch", "waited", "stopped", "ended_by"),
)


@dataclass(slots=True, eq=False)
class State:
    """Parameters, optimizer slots, position, sums of the unfinished epoch, and the memory of schedule and patience.

    Training that ends within an epoch leaves the state where it is, within the epoch.
    """

    params: Params
    slots: dict[str, Array]
    epoch: int = 0  # finished epochs
    batch: int = 0  # finished batches of the unfinished epoch
    step: int = 0  # finished optimizer steps
    rows: int = 0  # examples seen in the unfinished epoch
    cost_sum: float = 0.0
    metric_sums: list[float] = field(default_factory=list)  # over the examples seen in the unfinished epoch
    seconds: float = 0.0  # training time of the unfinished epoch
    elapsed: float = 0.0  # training time of finished epochs
    first_cost: float | None = None
    schedule_memory: tuple[float, ...] = ()
    search_memory: tuple[float, ...] = ()  # of a line search: the smallest ‖∇J‖, and the steps without a gain
    best_value: float | None = None  # of the figure that patience watches
    best_epoch: int | None = None
    waited: int = 0  # epochs since the best
    stopped: str | None = None  # why training ended
    ended_by: tuple[str, float] | None = None  # the setting below ``train`` that ended training, and the value reached
    average: Array | None = None  # (P,), the mean of the parameters, where that is the result
    clock: Array = field(default_factory=lambda: np.zeros((), np.int64))

    @classmethod
    def start(cls, params: Params, optimizer: Optimizer, *, averages: bool = False) -> "State":
        """Return the state before the first step."""
        slots = {name: zeros(params.size, params.theta.dtype) for name in optimizer.slots}
        return cls(params, slots, average=params.theta.copy() if averages else None)

    @property
    def epochs(self) -> int:
        """The number of epochs that have a record: the finished ones, and the one that training ended within."""
        return self.epoch + (self.stopped is not None and self.batch > 0)

    def tensors(self) -> dict[str, Array]:
        """Return every array by name: the resulting parameters, and the optimizer's as ``SLOT.…``.

        Where the mean of the parameters is the result, they themselves are ``moving.…``.
        """
        if self.average is None:
            arrays = dict(self.params.named(self.params.theta))
        else:
            arrays = dict(self.params.named(self.average))
            arrays |= {f"moving.{name}": view for name, view in self.params.named(self.params.theta)}
        for slot, vector in self.slots.items():
            arrays |= {f"{slot}.{name}": view for name, view in self.params.named(vector)}
        return arrays

    @contextmanager
    def as_result(self) -> Iterator[None]:
        """Let the network have the resulting parameters within the block."""
        if self.average is None:
            yield
            return
        theta = self.params.theta
        moving = theta.copy()
        np.copyto(theta, self.average)
        try:
            yield
        finally:
            np.copyto(theta, moving)

    def keep_result(self) -> None:
        """Give the network the resulting parameters, after which nothing more can be trained."""
        if self.average is not None:
            np.copyto(self.params.theta, self.average)

    def figures(self) -> dict[str, Any]:
        """Return the numbers that belong to the tensors; JSON can hold them."""
        return {name: getattr(self, name) for name in _FIGURES}

    def restore(self, tensors: Mapping[str, Array], figures: Mapping[str, Any]) -> None:
        """Copy the tensors and figures of an equal run; KeyError or ValueError when they do not fit."""
        for name, view in self.tensors().items():
            if view.shape != tensors[name].shape:
                raise ValueError(f"{name}: must be {view.shape}, got {tensors[name].shape}")
            view[...] = tensors[name]
        for name in _FIGURES:
            setattr(self, name, figures[name] if name != "search_memory" else figures.get(name, ()))  # it is new
        self.schedule_memory, self.search_memory = tuple(self.schedule_memory), tuple(self.search_memory)
        self.ended_by = (self.ended_by[0], self.ended_by[1]) if self.ended_by else None

    @property
    def metric_sum(self) -> float | list[float]:
        """The sums of the metrics as checkpoints hold them: a number where there is one, and before the first step."""
        if not self.rows:
            return 0.0
        return self.metric_sums[0] if len(self.metric_sums) == 1 else self.metric_sums

    @metric_sum.setter
    def metric_sum(self, stored: float | Sequence[float]) -> None:
        self.metric_sums = list(stored) if isinstance(stored, Sequence) else [stored]

    def count(self, rows: int, cost: float, sums: Sequence[float]) -> None:
        """Count one finished step of so many rows: add the mean cost of its batch and the sums of the metrics."""
        if self.first_cost is None:
            self.first_cost = cost
        self.cost_sum += cost * rows
        so_far = self.metric_sums if self.rows else [0.0] * len(sums)
        self.metric_sums = [a + b for a, b in zip(so_far, sums, strict=True)]
        self.rows += rows
        self.step += 1
        self.batch += 1

    def count_group(self, steps: int, rows: int, totals: Sequence[float], first_cost: float) -> None:
        """Count finished steps of so many rows each; ``totals`` are the epoch's sums of costs and of the metrics."""
        if self.first_cost is None:
            self.first_cost = first_cost
        self.cost_sum, *self.metric_sums = totals
        self.rows += steps * rows
        self.step += steps
        self.batch += steps

    def end(self, setting: str, reached: float, why: str) -> None:
        """Note that training ends: by which setting, the value that it reached, and why in words."""
        self.ended_by, self.stopped = (setting, reached), why

    def reopen(self) -> None:
        """Take back the end of training: what comes next is what would have come without it."""
        self.stopped = self.ended_by = None

    def finish_epoch(self) -> None:
        """Count the unfinished epoch as finished and clear its sums."""
        self.epoch += 1
        self.elapsed += self.seconds
        self.batch = self.rows = 0
        self.metric_sums = []
        self.cost_sum = self.seconds = 0.0
