"""How long to train, in which precision, when to stop and when to save: plain frozen values."""

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Literal

from annotated_types import MaxLen, MinLen

from nntrain.core.fields import Count, Flag, Natural, NonNegative, Positive
from nntrain.core.types import DType

FALLING = "stop.step_tolerance"  # the one limit that is met from above
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

    def ends(self, setting: str, reached: float) -> bool:
        """Tell whether training that ``setting`` ended when ``reached`` met it would end there under these values too.

        Settings are named from here: ``epochs``, ``stop.patience``.
        """
        limit = attrgetter(setting)(self)
        if limit is None:
            return False
        return bool(reached < limit if setting == FALLING else reached >= limit)


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """When to save, how many of the newest to keep, and the figure whose best epoch is kept as well.

    ``min_seconds``: what is due sooner after the last writing waits in memory for the next that is due later. So a
    crash costs at most one interval and ``min_seconds``; with 0 at most one interval, and each waits for the disk.
    """

    __pydantic_config__ = {"extra": "forbid"}

    every_epochs: Count | None = 1
    every_steps: Count | None = None
    min_seconds: NonNegative = 1.0
    keep: Count = 2
    best: Monitor = "validation.cost"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What may change speed and rounding, never the mathematics: the number of BLAS threads."""

    __pydantic_config__ = {"extra": "forbid"}

    threads: Count | None = None
