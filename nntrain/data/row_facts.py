"""What a source says of each row for its division: its group, and its place in time.

Knows nothing of columns or of how rows are divided.
"""

from dataclasses import dataclass

from nntrain.core.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class RowFacts:
    """Values of n rows, (n,) each, None for what is not told.

    ``groups`` (int64) number the groups from 0; ``order`` (float64) ascends with time.
    """

    groups: Array | None = None
    order: Array | None = None

    def take(self, rows: Array) -> "RowFacts":
        """Return the facts of some rows."""
        groups, order = (None if array is None else array[rows] for array in (self.groups, self.order))
        return RowFacts(groups, order)

    @property
    def arrays(self) -> list[Array]:
        """The arrays that are there."""
        return [array for array in (self.groups, self.order) if array is not None]


NO_FACTS = RowFacts()
