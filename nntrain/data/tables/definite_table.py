"""What tables have in common whose format says which columns there are and what they hold: nothing is guessed.

Knows nothing of formats.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence

from nntrain.data.tables.columns import FOUND_OUT, Column, Kinds


class DefiniteTable(ABC):
    """A table that is read as a whole and has no column to leave out, unless it says otherwise."""

    @property
    def left_out(self) -> Mapping[int, str]:
        """Columns that are no features unless a spec names them, by position, with the reason."""
        return {}

    @property
    def unusable(self) -> Mapping[int, str]:
        """Columns that hold neither numbers nor texts, by position, with what they hold."""
        return {}

    @property
    def notes(self) -> Sequence[str]:
        """Lines worth telling the user: none, as nothing is guessed."""
        return ()

    @abstractmethod
    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions, or all, in order of position."""

    def blocks(self, kept: Collection[int], kinds: Kinds) -> Iterator[tuple[Column, ...]]:
        """Yield all rows at once of the columns at these positions, whose kinds are all told."""
        yield self.columns(kept, kinds)
