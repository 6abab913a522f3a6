"""The values of one column, block after block of text, made numbers or codes of texts.

Knows nothing of files.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.delimited import is_missing, is_number


class Contents(NamedTuple):
    kind: Literal["number", "text"]
    values: Array
    texts: tuple[str, ...]
    missing: int


class Numbers:
    """A column taken for numbers: whatever is none counts as ``odd`` and is NaN for the time being."""

    def __init__(self) -> None:
        self.blocks: list[Array] = []
        self.odd = 0  # values that are no finite numbers
        self.words = 0  # among them those that are no numbers at all
        self.present = 0

    def add(self, fields: Sequence[str]) -> None:
        try:
            if "_" in "".join(fields):  # Python reads 1_000 as a number, nobody else does
                raise ValueError
            values = np.array(list(map(float, fields)))
        except ValueError:
            values = np.array([self._number(field) for field in fields])
        gaps = int(np.isnan(values).sum())
        self.odd += int(np.isinf(values).sum())
        self.present += len(values) - gaps
        self.blocks.append(values)

    def _number(self, field: str) -> float:
        if is_number(field):
            return float(field)
        if not is_missing(field, among_numbers=True):
            self.odd += 1
            self.words += 1
            self.present += 1
        return np.nan

    def finish(self, *, as_text: bool) -> "Contents":
        """Return what a column is made of."""
        values = np.concatenate(self.blocks)
        return Contents("number", values, (), int(np.isnan(values).sum()))


class Texts:
    """A column taken for text: every distinct value gets a code."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.blocks: list[Array] = []
        self.odd = self.words = self.present = 0

    def add(self, fields: Iterable[str]) -> None:
        codes = self.codes
        self.blocks.append(np.array([codes.setdefault(field, len(codes)) for field in fields], np.int64))

    def finish(self, *, as_text: bool) -> "Contents":
        """Return what a column is made of: numbers after all when most of the values are."""
        codes = np.concatenate(self.blocks)
        counts = np.bincount(codes, minlength=len(self.codes))
        there = np.array([not is_missing(field, among_numbers=True) for field in self.codes])
        numeric = np.array([is_number(field) for field in self.codes])
        odd = int(counts[there & ~numeric].sum())
        if as_text or odd >= counts[there & numeric].sum():
            return _without_gaps(codes, list(self.codes))
        table = np.array([float(field) if is_number(field) else np.nan for field in self.codes])
        self.odd = odd + int(counts[np.isinf(table)].sum())
        values = table[codes]
        return Contents("number", values, (), int(np.isnan(values).sum()))


def _without_gaps(codes: Array, texts: Sequence[str]) -> "Contents":
    """Return the contents of a text column: codes with -1 for what counts as missing, and the texts left, sorted."""
    left = sorted(text for text in texts if not is_missing(text, among_numbers=False))
    place = {text: index for index, text in enumerate(left)}
    table = np.array([place.get(text, -1) for text in texts], np.int64)
    values = table[codes]
    return Contents("text", values, tuple(left), int((values < 0).sum()))
