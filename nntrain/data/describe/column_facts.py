"""Facts of a single column: its type, range, different values and gaps. Knows nothing of what it is used for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.core.distinct import distinct
from nntrain.core.types import Array
from nntrain.data.formats.gaps import is_number
from nntrain.data.tables.columns import Column

COMMON = 20  # how many of the most frequent texts are kept
NUMBER_LIKE = re.compile(  # a number with a currency or percent sign, grouped digits, or a decimal comma
    r"[$€£¥]\s*[+-]?\d[\d.,' ]*|[+-]?\d[\d.,' ]*\s*[%€$£¥]|[+-]?\d{1,3}(?:[,'. ]\d{3})+(?:[.,]\d+)?|[+-]?\d+,\d+"
    r"|=\"[+-]?\d[\d.,]*\"|[+-]?\d*\.\d+[dD][+-]?\d+"  # of a spreadsheet, of Fortran
    r"|[+-]?\d[\d.,]*\s*(?:[kKMB]|[mckM]?m|[kmM]?g|m?l|m?s|h|min|km/h|mph|bhp|hp|kmpl|[cC][cC]|°?[CF]|[kMG]?[WBV]|[kMG]?Hz)"
)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Facts of one column. ``low`` to ``deviation`` describe its numbers; they are None for text or without any value.

    ``whole``: all numbers are whole. ``rising``: each number is the previous one plus 1. ``common``: the most frequent
    texts, at most 20, with their counts. ``more``: there are more different values than ``distinct``, which stopped
    counting.
    """

    name: str
    position: int
    is_text: bool
    rows: int
    missing: int
    distinct: int
    whole: bool = False
    rising: bool = False
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    common: tuple[tuple[str, int], ...] = ()
    more: bool = False
    amount: bool = False  # whether it is written with thousands separators, a unit or a sign

    @property
    def number_like(self) -> str:
        """A text such as "16%" if nearly all of the frequent texts are numbers, with a unit or sign or not; else ""."""
        like = [text for text, _ in self.common if NUMBER_LIKE.fullmatch(text)]
        plain = sum(is_number(text) for text, _ in self.common) if like else 0
        return like[0] if self.is_text and like and 10 * (len(like) + plain) >= 9 * len(self.common) else ""

    @property
    def largest(self) -> float:
        """The largest number without its sign, 0 where there is none."""
        return max(abs(self.low or 0.0), abs(self.high or 0.0))

    @property
    def constant(self) -> bool:
        """Whether all values are equal, or missing."""
        return self.distinct <= 1

    @property
    def present(self) -> int:
        """Number of rows with a value."""
        return self.rows - self.missing


def facts_of(column: Column) -> ColumnFacts:
    """Return the facts of a column of a table."""
    if column.is_text:
        return text_facts(column.name, column.position, column.values, column.texts)
    return number_facts(column.name, column.position, column.values)


def text_facts(name: str, position: int, codes: Array, texts: Sequence[str]) -> ColumnFacts:
    """Return the facts of texts given as indices (n,) into ``texts``; -1 or NaN means a missing one."""
    there = codes[codes >= 0].astype(np.int64)
    counts = np.bincount(there, minlength=len(texts))
    order = np.argsort(-counts, kind="stable")[:COMMON]
    common = tuple((texts[code], int(counts[code])) for code in order.tolist() if counts[code])
    distinct = int(np.count_nonzero(counts))
    return ColumnFacts(name, position, True, len(codes), len(codes) - len(there), distinct, common=common)


def number_facts(name: str, position: int, values: Array) -> ColumnFacts:
    """Return the facts of numbers (n,); NaN means a missing one."""
    there = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    missing = len(values) - len(there)
    if not len(there):
        return ColumnFacts(name, position, False, len(values), missing, 0)
    distinct, whole = _distinct(there)
    return ColumnFacts(
        name,
        position,
        False,
        len(values),
        missing,
        distinct,
        whole,
        len(there) > 1 and whole and distinct == len(there) and bool((np.diff(there) == 1).all()),
        float(there.min()),
        float(there.max()),
        float(there.mean(dtype=np.float64)),
        float(there.std(dtype=np.float64)),
    )


def _distinct(values: Array) -> tuple[int, bool]:
    """Return how many different numbers there are, and whether all are whole."""
    different = different_numbers(values)
    return len(different), bool((different == np.round(different)).all())


def different_numbers(values: Array) -> Array:
    """Return the different numbers among these, in ascending order."""
    if values.dtype == np.uint8:  # counted, not sorted
        return np.flatnonzero(np.bincount(values))
    return distinct(values)
