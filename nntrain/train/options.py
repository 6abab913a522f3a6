"""How long to train, in which precision, when to stop and when to save: plain frozen values."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import MaxLen, MinLen

from nntrain.core.fields import Count, Flag, Natural, NonNegative, Positive
from nntrain.core.types import DType

Monitor = Annotated[str, MinLen(1), MaxLen(64)]  # "validation.cost", "train.accuracy", …: part.figure


@dataclass(frozen=True, slots=True)
class Stop:
    """When to stop before the last epoch.

    ``patience`` counts epochs without an improvement of more than ``min_delta`` in ``monitor``; ``restore_best`` then
    puts the best epoch's weights back. ``step_tolerance`` stops when ‖Δθ‖₂ of a step falls below it. Without a
    validation part the monitor falls back to ``train.cost``.
    """

    __pydantic_config__ = {"extra": "forbid"}

    monitor: Monitor = "validation.cost"
    patience: Count | None = None
    min_delta: NonNegative = 0.0
    restore_best: Flag = True
    step_tolerance: Positive | None = None
    max_seconds: Positive | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """Epochs, batch size (``all`` is batch gradient descent, 1 stochastic), precision and limits."""

    __pydantic_config__ = {"extra": "forbid"}

    epochs: Natural = 10
    batch_size: Count | Literal["all"] = 32
    dtype: DType = "float32"
    max_steps: Count | None = None
    clip_norm: Positive | None = None
    stop: Stop = field(default_factory=Stop)


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """When to save, how many of the newest to keep, and the figure whose best epoch is kept as well.

    Checkpoints due within a second of one another are written together: a crash costs an interval or a second.
    """

    __pydantic_config__ = {"extra": "forbid"}

    every_epochs: Count | None = 1
    every_steps: Count | None = None
    keep: Count = 2
    best: Monitor = "validation.cost"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What may change speed and rounding, never the mathematics: the number of BLAS threads."""

    __pydantic_config__ = {"extra": "forbid"}

    threads: Count | None = None
