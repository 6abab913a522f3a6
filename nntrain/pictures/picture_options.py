"""What a user may ask of a picture. Knows nothing of pictures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """The wishes that came with a picture; None for what was left open."""

    epoch: int | None = None
    split: str | None = None
    shape: str | None = None
    positive: str | None = None
    target: str | None = None
    count: int | None = None
    columns: str | None = None
    every: int | None = None
