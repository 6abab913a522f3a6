"""The data block of a spec as plain frozen values. Knows nothing of how they are read or used."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Lt

from nntrain.core.fields import RARE, Count, Natural, Positive
from nntrain.core.types import Task
from nntrain.data.batches.shuffle import WHOLE, BlockShuffle, Shuffle
from nntrain.data.dataset import Raw
from nntrain.data.placed_rows import PlacedRows
from nntrain.data.sources import SOURCES, Source
from nntrain.data.transforms.scaler import Scale
from nntrain.data.transforms.target_scaler import TargetScale
from nntrain.errors import DataError

LARGE = 1 << 30  # bytes of scaled inputs from which rows are shuffled in blocks
Share = Count | Annotated[Positive, Lt(1)] | PlacedRows  # a count of rows, a fraction of them, or which they are


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Where examples come from, which of them validate and test, and how inputs are scaled.

    ``validation`` and ``test`` are counts or fractions of the source's training rows, drawn class by class; ``test`` is
    for sources without a test part. ``{first: n}``, ``{last: n}`` and ``{rows: FILE}`` say which rows, and draw none.
    ``take`` leaves only so many rows, the first, before anything is drawn. ``scale`` is fitted on the training rows:
    unit maps their whole range to 0…1, minmax each column's, standard gives each column mean 0 and deviation 1.
    ``target_scale: standard`` does the like to the numbers of a regression: its cost then counts in deviations, RMSE
    and predictions stay in their own units. ``shuffle: auto`` mixes rows all over, and block by block (see the README)
    where the scaled training inputs are 1 GiB or more. ``seed`` decides which rows validate and test, and what a
    synthetic source draws; null is the seed of the run.
    """

    source: Annotated[Source, SOURCES]
    validation: Share | None = None
    test: Share | None = None
    scale: Scale = "none"
    target_scale: TargetScale = "none"
    shuffle: Literal["auto", "rows", "blocks"] = "auto"
    seed: Natural | None = None
    take: Count | None = field(default=None, metadata=RARE)

    def seed_or(self, seed: int) -> int:
        """Return the seed of the data in a run with ``seed``: their own if they have one."""
        return seed if self.seed is None else self.seed

    def settle_target(self, *, predicts: bool) -> "DataOptions":
        """Return the options with the usual target where they name none: none at all if the model predicts nothing."""
        settle = getattr(self.source, "settle_target", None)
        return self if settle is None else replace(self, source=settle(predicts=predicts))

    def load(self, seed: int) -> Raw:
        """Return what the source holds, in a run with ``seed``. Raises DataError."""
        return self.narrow(self.source.load(self.seed_or(seed)))

    def narrow(self, raw: Raw) -> Raw:
        """Return of what a source holds the rows that are taken, and which of them the files of rows list."""
        if self.take is not None:
            raw = raw.first(self.take)
        asked = {"validation": self.validation, "test": self.test}
        found = {name: part.read(name, len(raw.train)) for name, part in asked.items() if isinstance(part, PlacedRows)}
        return replace(raw, listed={name: rows for name, rows in found.items() if rows is not None})

    def scale_for(self, task: Task) -> TargetScale:
        """Return how targets of a task are scaled. DataError where they are to be scaled and are no numbers."""
        if self.target_scale != "none" and task != "regression":
            raise DataError(f"data.target_scale: {self.target_scale} is for regression, the data are {task}")
        return self.target_scale

    def choose_shuffle(self, size: int, width: int, *, itemsize: int, batch_size: int) -> Shuffle:
        """Return how training rows (size, width) of numbers of ``itemsize`` bytes are shuffled."""
        large = size * width * itemsize >= LARGE
        by_blocks = {"auto": large, "rows": False, "blocks": True}[self.shuffle]
        return BlockShuffle.of(width * itemsize, batch_size) if by_blocks else WHOLE


DataOptions.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]  # an unknown key is an error
