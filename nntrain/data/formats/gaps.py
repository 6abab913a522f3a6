"""Which texts stand for a missing value, and which numbers do. Knows nothing of files or columns."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from nntrain.data.text import choices
from nntrain.errors import DataError

Words: TypeAlias = tuple[str, ...]

USUAL_WORDS = frozenset({"", "?", "-", ".", "na", "n/a", "n.a.", "#n/a", "#na", "nan", "null", "none"})  # in lower case
MEANT = frozenset({"-", ".", "none"})  # of these, what counts as a text like any other among texts


@dataclass(frozen=True)
class Gaps:
    """What stands for a missing value: the usual words in any case, or exactly the given ``words``; blank always does.

    Of the given words those that are numbers stand for every spelling of the number.
    """

    words: frozenset[str] | None = None

    @classmethod
    def of(cls, words: Iterable[object]) -> "Gaps":
        """Return the gaps that a list in a spec names."""
        return cls(frozenset(str(word).strip() for word in words))

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The numbers among the words."""
        return tuple(float(word) for word in sorted(self.words or ()) if is_number(word))

    def missing(self, field: str, *, among_numbers: bool) -> bool:
        """Return whether a stripped value stands for a missing one; of the usual words some are meant among texts."""
        if self.words is None:
            word = field.lower()
            return word in USUAL_WORDS and (among_numbers or word not in MEANT)
        if not field or field in self.words:
            return True
        return bool(self.numbers) and is_number(field) and float(field) in self.numbers


USUAL = Gaps()


def gaps_of_columns(
    words: Words | Mapping[str, Words] | None, names: Sequence[str], width: int, where: str
) -> tuple[Gaps, ...]:
    """Return what is missing in each column: the same for all, or as told by name or position; else the usual words."""
    if not isinstance(words, Mapping):
        return (USUAL if words is None else Gaps.of(words),) * width
    known = {**{str(p): p for p in range(width)}, **{name: p for p, name in enumerate(names)}}
    for name in words:
        if name not in known:
            raise DataError(f"{where}: data.source.na: no column '{name}'{choices(name, names)}")
    told = {known[name]: Gaps.of(found) for name, found in words.items()}
    return tuple(told.get(position, USUAL) for position in range(width))


def all_numbers(fields: Sequence[str], gaps: Gaps) -> list[float] | None:
    """Return the numbers of stripped values if plainly each of them is one that is there, else None; at once."""
    if gaps.words is not None or "_" in "".join(fields):
        return None
    try:
        numbers = list(map(float, fields))
    except ValueError:
        return None
    return None if any(map(math.isnan, numbers)) else numbers


def is_number(field: str) -> bool:
    """Return whether NumPy reads the text as a number (nan and inf included, 1_000 not)."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field
