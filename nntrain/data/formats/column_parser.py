"""The values of one column, block after block of text, made numbers or codes of texts.

Knows nothing of files.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.gaps import USUAL, Gaps, is_number
from nntrain.data.formats.styles import DECIMAL_COMMA, PLAIN, Style, nearly_number


class Contents(NamedTuple):
    """What a column is made of; ``written`` is how its missing values are spelled, where it holds texts."""

    kind: Literal["number", "text"]
    values: Array
    texts: tuple[str, ...]
    missing: int
    written: tuple[str, ...] = ()


class Numbers:
    """A column taken for numbers: whatever is none counts as ``odd`` and is NaN for the time being."""

    def __init__(self, style: Style = PLAIN, gaps: Gaps = USUAL) -> None:
        self.style, self.gaps = style, gaps
        self._plain = style == PLAIN and not gaps.numbers
        self._judged: dict[str, tuple[float | None, bool]] = {}  # what plain numbers are not, gaps and words
        self.blocks: list[Array] = []
        self.odd = 0  # values that are no finite numbers
        self.words = 0  # among them those that are no numbers at all
        self.present = 0

    def add(self, fields: Sequence[str]) -> None:
        values = self._at_once(fields) if self.style in (PLAIN, DECIMAL_COMMA) and not self.gaps.numbers else None
        if values is None:
            values = np.array([self._number(field) for field in fields])
        self.take(values)

    def take(self, values: Array, texts: Sequence[str] = ()) -> None:
        """Add numbers that were parsed already, NaN where missing."""
        gaps = int(np.isnan(values).sum())
        self.odd += int(np.isinf(values).sum())
        self.present += len(values) - gaps
        self.blocks.append(values)

    def _at_once(self, fields: Sequence[str]) -> Array | None:
        together = "\n".join(fields)
        if "_" in together:  # Python reads 1_000 as a number, nobody else does
            return None
        if self.style == DECIMAL_COMMA:
            if "." in together:
                return None
            commas = together.replace(",", ".").split("\n")
            fields = commas if len(commas) == len(fields) else ("",)  # a value may hold a line end
        try:
            return np.array(list(map(float, fields)))
        except ValueError:
            return None

    def _number(self, field: str) -> float:
        if not self._plain:
            number, word = self._judge(field)
        elif is_number(field):
            return float(field)
        elif field in self._judged:
            number, word = self._judged[field]
        else:
            number, word = self._judged[field] = self._judge(field)
        if number is not None:
            return number
        self.odd += 1
        self.words += word
        self.present += 1
        return np.nan

    def _judge(self, field: str) -> tuple[float | None, bool]:
        """Return the number that a value stands for, NaN where missing, None if it is none; then, if it is a word."""
        number = np.nan if self.gaps.missing(field, among_numbers=True) else self.style.number(field)
        return number, number is None and not nearly_number(field)

    def finish(self, *, as_text: bool) -> Contents:
        """Return what a column is made of."""
        values = np.concatenate(self.blocks)
        return Contents("number", values, (), int(np.isnan(values).sum()))


class Texts:
    """A column taken for text: every distinct value gets a code."""

    def __init__(self, style: Style = PLAIN, gaps: Gaps = USUAL) -> None:
        self.style, self.gaps = style, gaps
        self.codes: dict[str, int] = {}
        self.blocks: list[Array] = []
        self.odd = self.words = self.present = 0

    def add(self, fields: Iterable[str]) -> None:
        codes = self.codes
        self.blocks.append(np.array([codes.setdefault(field, len(codes)) for field in fields], np.int64))

    def take(self, codes: Array, texts: Sequence[str]) -> None:
        """Add values that are indices into some texts already."""
        known = self.codes
        self.blocks.append(np.array([known.setdefault(text, len(known)) for text in texts], np.int64)[codes])

    def finish(self, *, as_text: bool) -> Contents:
        """Return what a column is made of: numbers after all when most of the values are."""
        codes = np.concatenate(self.blocks)
        counts = np.bincount(codes, minlength=len(self.codes))
        there = np.array([not self.gaps.missing(field, among_numbers=True) for field in self.codes], bool)
        found = [self.style.number(field) for field in self.codes]
        numeric = np.array([number is not None for number in found], bool)
        odd = int(counts[there & ~numeric].sum())
        if as_text or odd >= counts[there & numeric].sum():
            return self._without_gaps(codes)
        numbers = [number if here and number is not None else np.nan for number, here in zip(found, there, strict=True)]
        table = np.array(numbers)
        self.odd = odd + int(counts[np.isinf(table)].sum())
        values = table[codes]
        return Contents("number", values, (), int(np.isnan(values).sum()))

    def _without_gaps(self, codes: Array) -> Contents:
        """Return codes with -1 for what counts as missing, and the texts left, sorted."""
        left = sorted(text for text in self.codes if not self.gaps.missing(text, among_numbers=False))
        place = {text: index for index, text in enumerate(left)}
        table = np.array([place.get(text, -1) for text in self.codes], np.int64)
        values = table[codes]
        written = tuple(text for text in self.codes if text not in place)
        return Contents("text", values, tuple(left), int((values < 0).sum()), written)
