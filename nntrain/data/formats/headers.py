"""Whether the first row of a table names its columns: judged from all the values that stand below it.

Knows nothing of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nntrain.data.formats.gaps import Gaps, all_numbers
from nntrain.data.formats.styles import PLAIN, Style, like_number

FEW = 5  # rows, below which a first row such as 0, 1, 2 may well be one of them
MANY = 4  # numbers that count can hardly be values by chance
YEARS = range(1800, 2101)
OPEN = "the first line counts, but is taken for a row of values; data.source.header: true takes it for names"
DECIDES = "data.source.header: false takes it for a row of values"


@dataclass(frozen=True, slots=True)
class Below:
    """What stands below a first value: rows, those with a value, numbers and whole ones among them, different ones.

    ``again`` is how often the first value comes again, ``years`` how many of the numbers may be years.
    """

    rows: int
    present: int
    numbers: int
    whole: int
    years: int
    kinds: int
    again: int

    @classmethod
    def of(cls, column: Sequence[str], first: str, style: Style, gaps: Gaps) -> "Below":
        """Return the counts of a column whose numbers are written in this style."""
        numbers, present = all_numbers(column, gaps) if style == PLAIN else None, len(column)
        if numbers is None:
            there = [value for value in column if not gaps.missing(value, among_numbers=True)]
            present, numbers = len(there), all_numbers(there, gaps) if style == PLAIN else None
            if numbers is None:
                numbers = [number for value in there if (number := style.number(value)) is not None]
        values = np.array(numbers)
        whole = values[values == np.floor(values)]
        years = int(np.count_nonzero((whole >= YEARS.start) & (whole < YEARS.stop)))
        return cls(len(column), present, len(numbers), len(whole), years, len(set(column)), column.count(first))

    @property
    def is_numeric(self) -> bool:
        """Whether most of the values are numbers."""
        return 2 * self.numbers > self.present > 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the first row is a header, why where that is open, and the column in which it contradicts itself."""

    header: bool
    note: str = ""
    doubt: int | None = None


def judge_header(first: Sequence[str], below: Sequence[Below], gaps: Gaps) -> Verdict:
    """Return whether a first row names the columns that stand below it."""
    number = [bool(value) and like_number(value) for value in first]
    missing = [gaps.missing(value, among_numbers=True) for value in first]
    word = [not n and not m for n, m in zip(number, missing, strict=True)]
    if not below[0].rows:
        return Verdict(not any(number))
    tells = [w and column.is_numeric for w, column in zip(word, below, strict=True)]
    if not any(number):
        if any(tells):
            return Verdict(True)
        return _over_texts(first, word, below)
    if _counts(first, number, word, missing, below):
        return Verdict(True, "" if any(tells) else f"the first line counts, so it is taken for names; {DECIDES}")
    if any(tells):
        return Verdict(False, doubt=tells.index(True))
    return Verdict(False, OPEN if _is_sequence(first, missing) else "")


def _is_sequence(first: Sequence[str], missing: Sequence[bool]) -> bool:
    """Return whether a first row counts from 0 or 1, or holds years one after the other, but for what is missing."""
    there = [value for value, gap in zip(first, missing, strict=True) if not gap]
    values = [int(value) for value in there] if all(map(str.isdecimal, there)) else []
    steps = {b - a for a, b in pairwise(values)}
    return steps == {1} and (values[0] in (0, 1) or values[0] in YEARS)


def _over_texts(first: Sequence[str], word: Sequence[bool], below: Sequence[Below]) -> Verdict:
    """Judge words above texts: names do not come again among values that do."""
    named = any(word) and all(w or not v for w, v in zip(word, first, strict=True))
    never = not any(column.again for w, column in zip(word, below, strict=True) if w)
    repeat = any(column.kinds <= max(2, column.present // 2) for column in below)
    if named and never and repeat and len(set(first)) == len(first) and below[0].rows > 1:
        return Verdict(True, f"no value of the first line comes again, so it is taken for names; {DECIDES}")
    return Verdict(False)


def _counts(
    first: Sequence[str], number: Sequence[bool], word: Sequence[bool], missing: Sequence[bool], below: Sequence[Below]
) -> bool:
    """Return whether the numbers of a first row are names: they count, or are years, unlike what stands below."""
    if any(m and v for m, v in zip(missing, first, strict=True)) or not all(map(str.isdigit, _chosen(first, number))):
        return False
    values = [int(value) for value in _chosen(first, number)]
    steps = {b - a for a, b in pairwise(values)}
    columns = [column for n, column in zip(number, below, strict=True) if n]
    never = not any(column.again for w, column in zip(word, below, strict=True) if w)
    unlike = any(column.whole < column.numbers or 2 * column.numbers <= column.present for column in columns)
    unlike |= any(w and column.is_numeric for w, column in zip(word, below, strict=True))
    years = all(value in YEARS for value in values) and len(set(values)) == len(values)
    years = years and all(2 * column.years < max(1, column.numbers) for column in columns)
    counting = below[0].rows >= FEW and len(values) > 1 and steps == {1}
    apart = any(column.whole == 0 and column.present >= FEW for column in columns)
    apart |= any(word) and [k for k, n in enumerate(number) if n] in (values, [value - 1 for value in values])
    counting = counting and (len(values) >= MANY or apart or not any(column.again for column in columns))
    return never and ((counting and unlike) or (years and any(word) and below[0].rows >= FEW))


def _chosen(values: Sequence[str], chosen: Sequence[bool]) -> list[str]:
    return [value for value, kept in zip(values, chosen, strict=True) if kept]


def is_units(row: Sequence[str], below: Sequence[Below], gaps: Gaps) -> bool:
    """Return whether the row below the names holds the units of the columns: a word above every column of numbers."""
    numeric = [value for value, column in zip(row, below, strict=True) if column.is_numeric and column.numbers > FEW]
    present = [value for value in numeric if not gaps.missing(value, among_numbers=True)]
    words = [value for value in present if not like_number(value)]
    others = [column.again for column in below if not column.is_numeric]
    return len(words) > 0 and all(value in words or not value for value in numeric) and not any(others)
