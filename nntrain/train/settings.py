"""How long to train, in which precision, when to stop and when to save: plain frozen values."""

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Literal

from annotated_types import MaxLen, MinLen

from nntrain.core.fields import RARE, Count, Flag, Fraction, Natural, NonNegative, Positive
from nntrain.core.types import DType

FALLING = "stop.step_tolerance"  # the one limit that is reached by falling below it
SEARCH = "optimizer"  # in the place of a setting: the optimizer found no further step
FigureName = Annotated[str, MinLen(1), MaxLen(64)]  # part.figure: "validation.cost", "train.accuracy", …


@dataclass(frozen=True, slots=True)
class Stop:
    """When to stop before the last epoch.

    ``patience`` counts epochs without an improvement of more than ``min_delta`` in ``monitor``. Without a validation
    part it watches ``train.cost`` in place of ``validation.cost``; ``restore_best`` then makes the best epoch the
    result of the run, instead of the last. ``step_tolerance`` stops when ‖Δθ‖₂ of a step falls below it.
    """

    __pydantic_config__ = {"extra": "forbid"}

    monitor: FigureName = "validation.cost"
    patience: Count | None = None
    min_delta: NonNegative = 0.0
    restore_best: Flag = True
    step_tolerance: Positive | None = None
    max_seconds: Positive | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """Epochs, batch size (``all`` is batch gradient descent, 1 is stochastic), precision and limits.

    ``average: 0.5`` makes the mean of the parameters after each step of the second half the result: it is what is
    scored and stored (Polyak & Juditsky 1992).
    """

    __pydantic_config__ = {"extra": "forbid"}

    epochs: Natural = 10
    batch_size: Count | Literal["all"] = 32
    dtype: DType = "float32"
    max_steps: Count | None = None
    clip_norm: Positive | None = None
    average: Fraction | None = field(default=None, metadata=RARE)
    stop: Stop = field(default_factory=Stop)

    def rows_of_batch(self, rows: int) -> int:
        """Return how many of so many training rows a batch has."""
        return rows if isinstance(self.batch_size, str) else self.batch_size

    def ends(self, setting: str, reached: float) -> bool:
        """Tell whether ``setting`` still ends training at the value ``reached``, at which it ended training before.

        Settings are named as below ``train``: ``epochs``, ``stop.patience``.
        """
        if setting == SEARCH:
            return True
        limit = attrgetter(setting)(self)
        if limit is None:
            return False
        return bool(reached < limit if setting == FALLING else reached >= limit)


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """When to save, how many of the newest checkpoints to keep, and the figure whose best epoch is kept as well.

    ``best: last`` or ``null`` keeps no best epoch: the last is the result. A checkpoint that is due less than
    ``min_seconds`` after the last writing waits in memory until a later one is written. So a crash costs at most one
    interval and ``min_seconds``; with 0 it costs at most one interval, and training waits for the disk at every
    checkpoint.
    """

    __pydantic_config__ = {"extra": "forbid"}

    every_epochs: Count | None = 1
    every_steps: Count | None = None
    min_seconds: NonNegative = 1.0
    keep: Count = 2
    best: FigureName | None = "validation.cost"


@dataclass(frozen=True, slots=True)
class Parallel:
    """Into how many ``shards`` each batch is cut, so that the ranks of MPI can share them (``mpiexec nntrain fit``).

    The gradients of the shards are added in their order. So the bits depend on their number, but not on how many ranks
    compute them, nor on whether there are any. One process then uses one BLAS thread.
    """

    __pydantic_config__ = {"extra": "forbid"}

    shards: Count = 1

    def conflicts(self, rows: int) -> list[str]:
        """Return what is wrong for batches of so many rows, as ``path: what``."""
        if self.shards <= rows:
            return []
        return [f"parallel.shards: {self.shards} is more than the {rows} rows of a batch"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """Settings that may change speed, but never the mathematics.

    ``threads`` take part in matrix products; null takes as many as are free. With the C player any number gives the
    same bits; without it they are BLAS's threads, and another number rounds otherwise.
    """

    __pydantic_config__ = {"extra": "forbid"}

    threads: Count | None = None
