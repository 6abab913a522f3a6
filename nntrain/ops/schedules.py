"""Schedules: how the learning rate changes over a run, ε_t = ε · factor(t).

Pure functions of the step: what a schedule remembers between epochs is a tuple of floats that the caller keeps and
stores. Knows neither optimizers nor the training loop.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le, Lt

from nntrain.core.fields import Count, Fraction, NonNegative, Positive
from nntrain.core.registry import Registry

Share = Annotated[Positive, Lt(1)]  # (0, 1)
Decay = Annotated[Positive, Le(1)]  # (0, 1]
Memory = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Schedule(ABC):
    """The learning rate's course: an optional linear warm-up, then ``shape`` counted from the end of the warm-up.

    ``warmup`` is in epochs and may be fractional; it is rounded to whole steps, w, at least one. In step t < w the
    factor is (t + 1) / w · shape(0).
    """

    kind: str
    warmup: NonNegative = 0.0

    formula: ClassVar[str]
    smooth: ClassVar[bool] = False  # does shape change from step to step, or only between epochs?
    remembers: ClassVar[int] = 0  # numbers in a memory that is not empty

    @property
    def per_step(self) -> bool:
        """Whether the factor may change within an epoch; if not, one evaluation an epoch is enough."""
        return self.smooth or self.warmup > 0

    def factor(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory = ()) -> float:
        """Return what multiplies the base rate in the 0-based optimizer step ``step`` of ``total_steps``."""
        ramp = max(1, round(self.warmup * steps_per_epoch)) if self.warmup else 0
        after = max(0, step - ramp)
        height = self.shape(after, steps_per_epoch=steps_per_epoch, total_steps=total_steps - ramp, memory=memory)
        return height * (step + 1) / ramp if step < ramp else height

    @abstractmethod
    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return the factor in the 0-based step after the warm-up; ``total_steps`` does not count the warm-up."""

    def observe(self, cost: float, memory: Memory) -> Memory:
        """Return the memory after an epoch that ended with the monitored ``cost``; ``()`` starts it."""
        return memory


SCHEDULES: Registry[Schedule] = Registry("schedules", "schedule")


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """The same rate throughout."""

    kind: Literal["constant"] = "constant"
    formula: ClassVar[str] = "1"

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return 1."""
        return 1.0


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class StepDecay(Schedule):
    """Multiply by gamma after every so many epochs."""

    kind: Literal["step"] = "step"
    every: Count = 10
    gamma: Decay = 0.1
    formula: ClassVar[str] = "gamma^⌊epoch / every⌋"

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return gamma to the number of drops so far."""
        return self.gamma ** (step // (steps_per_epoch * self.every))


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class Exponential(Schedule):
    """Multiply by gamma after every epoch."""

    kind: Literal["exponential"] = "exponential"
    gamma: Decay = 0.95
    formula: ClassVar[str] = "gamma^epoch"

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return gamma to the number of finished epochs."""
        return self.gamma ** (step // steps_per_epoch)


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class Cosine(Schedule):
    """Half a cosine from the full rate to the fraction ``final`` at the end of the run (Loshchilov & Hutter 2017)."""

    kind: Literal["cosine"] = "cosine"
    final: Fraction = 0.0
    formula: ClassVar[str] = "final + (1 - final) (1 + cos(π t / T)) / 2"
    smooth: ClassVar[bool] = True

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return the cosine after step / total_steps of its way."""
        return _glide(1.0, self.final, _share(step, total_steps))


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class OneCycle(Schedule):
    """Cosine up from 1/div to the full rate, then down to 1/(div · final_div) (Smith & Topin 2018)."""

    kind: Literal["one_cycle"] = "one_cycle"
    pct_start: Share = 0.3
    div: Annotated[Positive, Ge(1)] = 25.0
    final_div: Annotated[Positive, Ge(1)] = 1e4
    formula: ClassVar[str] = "1/div ↗ 1 in the first pct_start of the steps, then ↘ 1/(div final_div)"
    smooth: ClassVar[bool] = True

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return the height of the cycle; its top is at step pct_start · T − 1, its end at step T − 1."""
        top = max(0.0, self.pct_start * total_steps - 1)
        if step < top:
            return _glide(1 / self.div, 1.0, step / top)
        return _glide(1.0, 1 / (self.div * self.final_div), _share(step - top, total_steps - 1 - top))


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class InverseSqrt(Schedule):
    """Decay with the square root of time; ``scale`` epochs set the pace.

    With ``scale`` equal to ``warmup`` it is the schedule of (Vaswani et al. 2017).
    """

    kind: Literal["inverse_sqrt"] = "inverse_sqrt"
    scale: Positive = 1.0
    formula: ClassVar[str] = "1 / √(1 + epochs / scale)"
    smooth: ClassVar[bool] = True

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return the inverse square root of the time since the warm-up."""
        return 1.0 / math.sqrt(1.0 + step / (steps_per_epoch * self.scale))


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class InverseTime(Schedule):
    """Decay with a power of time; after ``scale`` epochs the factor is 2^−power (Robbins & Monro 1951)."""

    kind: Literal["inverse_time"] = "inverse_time"
    scale: Positive = 1.0
    power: Positive = 1.0
    formula: ClassVar[str] = "1 / (1 + epochs / scale)^power"
    smooth: ClassVar[bool] = True

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return the power of the time since the warm-up."""
        return math.exp(-self.power * math.log1p(step / steps_per_epoch / self.scale))


@SCHEDULES.register
@dataclass(frozen=True, slots=True)
class Plateau(Schedule):
    """Multiply by ``gamma`` when the cost has not improved by more than ``min_delta`` for ``patience`` epochs.

    The factor never falls below ``minimum``. Memory: (factor, best cost, epochs since the best or the last drop).
    """

    kind: Literal["plateau"] = "plateau"
    gamma: Decay = 0.1
    patience: Count = 10
    min_delta: NonNegative = 0.0
    minimum: Fraction = 0.0
    formula: ClassVar[str] = "gamma^(number of plateaus), at least minimum"
    remembers: ClassVar[int] = 3

    def shape(self, step: int, *, steps_per_epoch: int, total_steps: int, memory: Memory) -> float:
        """Return the remembered factor."""
        return memory[0] if memory else 1.0

    def observe(self, cost: float, memory: Memory) -> Memory:
        """Count an epoch without improvement, and lower the factor when patience is at its end."""
        if not memory:
            return (1.0, cost, 0.0)
        height, best, waited = memory
        if cost < best - self.min_delta:
            return (height, cost, 0.0)
        if waited + 1 < self.patience:
            return (height, best, waited + 1)
        return (max(self.minimum, height * self.gamma), best, 0.0)


def _share(part: float, whole: float) -> float:
    """Return part / whole, at most 1; a way of no length is at its start until the first step."""
    return min(1.0, part / whole) if whole > 0 else float(part > 0)


def _glide(start: float, end: float, share: float) -> float:
    """Return the half cosine between two heights after ``share`` of the way."""
    return end + (start - end) * (1.0 + math.cos(math.pi * share)) / 2.0
