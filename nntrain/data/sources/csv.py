"""Tables in text files as data: one column is the target, the others are features.

Knows nothing of splits or scaling.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple, cast

import numpy as np
from annotated_types import MinLen

from nntrain.core.fields import ONE_OR_MANY, Flag, Whole
from nntrain.core.types import Array, Task
from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.table import Delimiter, Layout, blame, find_text, read_table, sniff
from nntrain.data.labels import MAX_AUTO, TaskChoice, as_number, as_whole, choose_task, name_classes, rename
from nntrain.data.sources.base import SOURCES
from nntrain.data.wording import listed
from nntrain.errors import DataError

Column = Annotated[str, MinLen(1)] | Whole  # a name from the header, or a position: 0 is the first, -1 the last


class _Roles(NamedTuple):
    """Positions of the columns by what they are for."""

    target: int
    ignored: tuple[int, ...]
    features: tuple[int, ...]


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Csv:
    """A table of numbers in a csv or tsv file (.gz too) with one target column, of numbers or of class names.

    ``target`` and ``ignore`` name columns by header or position (0 first, -1 last). Delimiter and header are found out
    unless given. ``task: auto`` takes text, or up to 20 different whole numbers, for classes and else for regression.
    ``test`` is a second file with the same columns.
    """

    kind: Literal["csv"] = "csv"
    path: Path
    target: Column = -1
    ignore: Annotated[tuple[Column, ...], ONE_OR_MANY] = ()
    task: TaskChoice = "auto"
    test: Path | None = None
    delimiter: Delimiter | None = None
    header: Flag | None = None
    formula: ClassVar[str] = "y = the target column, X = the others"

    def load(self, seed: int) -> Raw:
        """Return features as float64, classes as indices or targets as (n, 1) float64."""
        layout = sniff(self.path, self.delimiter, self.header)
        roles = self._roles(layout)
        train, names, task = self._read(self.path, layout, roles, self.task)
        test = None if self.test is None else self._read_test(self.test, layout, roles, task, names)
        return Raw(
            train,
            test,
            cast(Task, task),
            names,
            feature_names=tuple(layout.names[column] for column in roles.features) if layout.header else (),
            target_names=(layout.names[roles.target],) if layout.header else (),
        )

    def _roles(self, layout: Layout) -> _Roles:
        target = self._position(self.target, layout)
        ignored = tuple(self._position(column, layout) for column in self.ignore)
        features = tuple(column for column in range(layout.width) if column != target and column not in ignored)
        if target in ignored:
            raise DataError(f"{self.path}: the target column cannot be ignored as well, got {self.target!r}")
        if not features:
            raise DataError(f"{self.path}: no feature columns are left of {layout.width}")
        return _Roles(target, ignored, features)

    def _position(self, column: str | int, layout: Layout) -> int:
        if isinstance(column, int):
            if not -layout.width <= column < layout.width:
                raise DataError(f"{self.path}: no column {column}, there are {layout.width} (0 to {layout.width - 1})")
            return column % layout.width
        if not layout.header:
            raise DataError(f"{self.path}: has no header line, so no column '{column}'; give its position (0 first)")
        if layout.names.count(column) > 1:
            raise DataError(f"{self.path}:1: {layout.names.count(column)} columns are named '{column}'")
        if column not in layout.names:
            raise DataError(f"{self.path}:1: no column '{column}'{listed(column, layout.names)}")
        return layout.names.index(column)

    def _read(
        self, path: Path, layout: Layout, roles: _Roles, asked: TaskChoice
    ) -> tuple[Part, tuple[str, ...], TaskChoice]:
        values, texts = read_table(path, layout, text=roles.target, skip=roles.ignored)
        task = choose_task(texts, asked)
        X, codes = values.take(roles.features, axis=1), values[:, roles.target].astype(np.int64)
        if task == "regression":
            return Part(X, _numbers(path, layout, roles.target, texts)[codes, None]), (), task
        if asked == "auto" and len(texts) > max(MAX_AUTO, len(values) // 2):
            raise DataError(
                f"{path}: the target column holds {len(texts)} different texts; set target to the right one"
            )
        y, names = name_classes(texts, codes, str(path))
        return Part(X, y), names, task

    def _read_test(self, path: Path, train: Layout, roles: _Roles, task: TaskChoice, known: tuple[str, ...]) -> Part:
        layout = sniff(path, self.delimiter, train.header if self.header is None else self.header)
        if layout.width != train.width:
            raise DataError(f"{path}: {layout.width} columns, {self.path} has {train.width}")
        if layout.names != train.names:
            raise DataError(f"{path}:1: other column names than {self.path}")
        part, names, _ = self._read(path, layout, roles, task)
        return rename(part, names, known, lambda name: _place_of(path, layout, roles.target, name))


def _numbers(path: Path, layout: Layout, target: int, texts: list[str]) -> Array:
    """Return distinct target texts as float64; DataError with the place of the first that is no finite number."""
    numbers = [as_number(text) for text in texts]
    values = np.array([np.nan if number is None else number for number in numbers], np.float64)
    if not np.isfinite(values).all():
        blame(path, layout, [target], gaps=[target])
    return values


def _place_of(path: Path, layout: Layout, column: int, name: str) -> str:
    """Return the place of the first row of a class, however its name is spelled there."""
    return find_text(path, layout, column, lambda text: name in (text, str(as_whole(text))))
