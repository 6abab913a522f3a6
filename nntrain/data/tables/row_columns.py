"""Columns that say something of rows and are no features: their group, their place in time, their weight.

Knows nothing of files, or of how rows are divided and weighed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import numpy as np
from annotated_types import MinLen

from nntrain.core.fields import Whole
from nntrain.core.types import Array
from nntrain.data.tables.columns import Column, Table
from nntrain.data.text import quoted
from nntrain.errors import DataError

ColumnName = Annotated[str, MinLen(1)] | Whole  # a name from the header, or a position: 0 is the first, -1 the last
ROW_KEYS = ("data.groups", "data.order", "data.sample_weight")
MOMENT = "neither a number nor a date or time such as 2021-03-04 or 2021-03-04 05:06:07"


@dataclass(frozen=True, slots=True)
class RowColumns:
    """The columns by name or position, None where there is none."""

    groups: ColumnName | None = None
    order: ColumnName | None = None
    weights: ColumnName | None = None

    def __bool__(self) -> bool:
        return bool(self.keys)

    @property
    def keys(self) -> Mapping[str, ColumnName]:
        """The columns that are named, by the key of the spec that names them."""
        told = zip(ROW_KEYS, (self.groups, self.order, self.weights), strict=True)
        return {key: column for key, column in told if column is not None}


NO_COLUMNS = RowColumns()


def moments_of(column: Column, table: Table) -> Array:
    """Return numbers that ascend with time (n,): those of a column, or the seconds since 1970 of its dates.

    Dates and times are those of ISO 8601; without a time zone they count as UTC. DataError for anything else.
    """
    if not column.is_text:
        return column.values
    found = [_moment(text) for text in column.texts]
    zoned = {moment.tzinfo is not None for moment in found if moment is not None}
    if None in found:
        _refuse(column, table, [moment is None for moment in found], f"is {MOMENT}")
    if len(zoned) > 1:
        strange = [moment is not None and moment.tzinfo is None for moment in found]
        _refuse(column, table, strange, "has no time zone, while others have one")
    seconds = [(moment.replace(tzinfo=moment.tzinfo or UTC)).timestamp() for moment in found if moment is not None]
    return np.array([*seconds, np.nan])[column.values]


def weights_of(column: Column, table: Table) -> Array:
    """Return the weights (n,) in a column; DataError for one below 0."""
    if (column.values < 0).any():
        place, value = table.locate(int((column.values < 0).argmax()), column.position)
        raise DataError(f"{place}: a weight is at least 0, got {quoted(value)}")
    return column.values


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _refuse(column: Column, table: Table, texts: list[bool], why: str) -> None:
    """Raise DataError at the first row whose text, by its index, is refused."""
    row = int(np.array([*texts, False])[column.values].argmax())
    place, value = table.locate(row, column.position)
    raise DataError(f"{place}: {quoted(value)} {why}; data.order needs numbers or dates")
