"""What an executor is told to train and what it tells of it; plain values that JSON can hold. Knows nothing of how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BUG, KILLED = 1, -9


@dataclass(frozen=True, slots=True)
class Order:
    """A point to train: the directory of its run, the file for its messages, the spec, and the text it came from.

    With ``until`` it pauses at the end of this epoch, counted from 1.
    """

    point: str
    run: str
    messages: str
    resolved: Mapping[str, Any]
    text: str
    argv: Sequence[str] = ()
    until: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as they are; ``dataclasses.asdict`` would copy the whole spec."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended: its exit status, negative for the signal that ended it."""

    point: str
    status: int
