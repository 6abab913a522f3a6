"""The data block of a spec as plain frozen values. Knows nothing of how they are read or used."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge, Lt

from nntrain.core.fields import RARE, Count, Natural, Positive
from nntrain.core.types import Task
from nntrain.data.batches.shuffle import WHOLE, BlockShuffle, Shuffle
from nntrain.data.dataset import Raw
from nntrain.data.placed_rows import PlacedRows
from nntrain.data.sources import SOURCES, Source
from nntrain.data.sources.base import HasColumns
from nntrain.data.tables.row_columns import ColumnName, RowColumns
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

    With ``folds``, fold number ``fold`` (from 0) validates and all others train. Columns of the source say more of the
    rows, and are no features: those with one value of ``groups`` stay in one part; with ``order`` the latest test and
    validate, and fold by fold only earlier rows train; ``sample_weight`` is how much each counts in the cost.
    """

    source: Annotated[Source, SOURCES]
    validation: Share | None = None
    test: Share | None = None
    scale: Scale = "none"
    target_scale: TargetScale = "none"
    shuffle: Literal["auto", "rows", "blocks"] = "auto"
    seed: Natural | None = None
    take: Count | None = field(default=None, metadata=RARE)
    folds: Annotated[Count, Ge(2)] | None = field(default=None, metadata=RARE)
    fold: Natural | None = field(default=None, metadata=RARE)
    groups: ColumnName | None = field(default=None, metadata=RARE)
    order: ColumnName | None = field(default=None, metadata=RARE)
    sample_weight: ColumnName | None = field(default=None, metadata=RARE)

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield (path, what is wrong) for keys that do not fit one another."""
        if self.fold is not None and self.folds is None:
            yield ("fold",), "needs data.folds, the number of folds"
        if self.folds is not None and (self.fold or 0) >= self.folds:
            yield ("fold",), f"must be below data.folds: {self.folds}, the first is 0, got {self.fold}"
        if self.folds is not None and self.validation is not None:
            yield ("validation",), "a fold validates already; leave `validation` or `folds` out"
        if self.order is not None and self.groups is not None:
            yield ("groups",), "rows are divided by `groups` or by `order`, not both"
        for name in ("validation", "test"):
            if self.order is not None and isinstance(getattr(self, name), PlacedRows):
                yield (name,), "`order` says which rows come last; give a count or a fraction of them"

    @property
    def columns(self) -> RowColumns:
        """The columns that say more of the rows."""
        return RowColumns(self.groups, self.order, self.sample_weight)

    @property
    def validates(self) -> bool:
        """Whether these options make a validation part; a source may bring one without."""
        return self.validation is not None or self.folds is not None

    def seed_or(self, seed: int) -> int:
        """Return the seed of the data in a run with ``seed``: their own if they have one."""
        return seed if self.seed is None else self.seed

    def settle_target(self, *, predicts: bool) -> "DataOptions":
        """Return the options with the usual target where they name none: none at all if the model predicts nothing."""
        settle = getattr(self.source, "settle_target", None)
        return self if settle is None else replace(self, source=settle(predicts=predicts))

    def load(self, seed: int) -> Raw:
        """Return what the source holds, in a run with ``seed``. Raises DataError."""
        seed, columns = self.seed_or(seed), self.columns
        if not columns:
            return self.narrow(self.source.load(seed))
        if not isinstance(self.source, HasColumns):
            raise DataError(f"{next(iter(columns.keys))}: a source of kind {self.source.kind} has no columns to name")
        return self.narrow(self.source.load_with(seed, columns))

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
