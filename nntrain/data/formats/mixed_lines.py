"""Lines of numbers beside texts: numbers by whole-array arithmetic, texts as codes, eight bytes at a time.

Knows nothing of files, or of what columns mean.
"""

import csv
import io
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.decimals import LAST, NEWLINE, PAD, TOGETHER, decimals_at, parse_one, settle
from nntrain.data.formats.delimited import split
from nntrain.data.formats.gaps import Gaps
from nntrain.data.formats.styles import Decimal

MIX = np.uint64(0x9E3779B97F4A7C15)  # of SplitMix64 (Steele, Lea and Flood 2014)
SLOT_BITS = 12
Coded: TypeAlias = tuple[Array, list[str]]  # (n,) indices, and the texts that they stand for


@dataclass(frozen=True, slots=True)
class Mixture:
    """What lines hold: the positions of columns of numbers, and of texts; other columns are passed over."""

    delimiter: str
    width: int
    numbers: tuple[int, ...]
    texts: tuple[int, ...]
    decimal: Decimal
    gaps: Gaps


def parse_mixed(lines: bytes, mixture: Mixture) -> tuple[list[Array], list[Coded]] | None:
    """Return the columns of numbers (n,), NaN where missing, and of texts as codes, of lines that end with a newline.

    None where a row has another length or no value, a number is none, or quotes do not close within these lines.
    """
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
        if b"\r" in lines:
            return None
    if b'"' in lines:
        return _parse_quoted(lines, mixture)
    if b"\n\n" in lines or lines.startswith(b"\n"):
        lines = b"".join(line for line in lines.splitlines(keepends=True) if line != b"\n")
    if not lines:
        return None
    padded = np.full(PAD + len(lines) + 8, ord("0"), np.uint8)
    text = padded[PAD : PAD + len(lines)]
    text[:] = np.frombuffer(lines, np.uint8)
    point = ord(mixture.decimal)
    closes = text == NEWLINE
    parts = closes | (text == ord(mixture.delimiter))
    marks = np.flatnonzero(parts | (text == point))
    is_end = parts[marks]
    at = np.flatnonzero(is_end)
    ends = marks[at]
    rows, rest = divmod(len(ends), mixture.width)
    if rest or np.count_nonzero(closes) != rows or not closes[ends[mixture.width - 1 :: mixture.width]].all():
        return None
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    before = marks[at - 1]
    points = np.where(before < starts, ends, before)  # the last point of a value, or its end
    points[0] = before[0] if at[0] else ends[0]
    numbers = _numbers(lines, padded, (starts, ends, points), mixture)
    if numbers is None:
        return None
    window = np.ndarray((len(text) + 1,), "<u8", padded, PAD - 8, (1,))
    coded = []
    for k in mixture.texts:
        found = _codes(window, lines, starts[k :: mixture.width], ends[k :: mixture.width])
        if found is None:
            return None
        coded.append(found)
    return None if _has_empty_row(numbers, coded, rows) else (numbers, coded)


def _numbers(lines: bytes, padded: Array, places: tuple[Array, ...], mixture: Mixture) -> list[Array] | None:
    """Return the columns of numbers, between the first two places with a point at the third; None where one is none."""
    text = padded[PAD : PAD + len(lines)]
    rows = len(places[0]) // mixture.width
    together = max(1, TOGETHER // rows)
    columns: list[Array] = []
    for first in range(0, len(mixture.numbers), together):
        chosen = list(mixture.numbers[first : first + together])
        s, e, points = (place.reshape(rows, -1).T[chosen].ravel() for place in places)
        values, doubtful = decimals_at(padded, text, s, e, points)
        if not settle(values, doubtful, lines, (s, e), mixture.gaps, mixture.decimal):
            return None
        columns.extend(values.reshape(-1, rows))
    return columns


def _codes(window: Array, lines: bytes, starts: Array, ends: Array) -> Coded | None:
    """Return a code for each value: eight bytes at a time make a key, and equal keys are checked byte for byte."""
    lengths = ends - starts
    words, key = [], lengths.astype(np.uint64)
    for done in range(0, max(1, int(lengths.max(initial=0))), 8):
        words.append(window[np.maximum(ends - done, 0)] & LAST.take(lengths - done, mode="clip"))
        key = (key ^ words[-1]) * MIX
        key ^= key >> np.uint64(29)
    first, codes = _distinct(key)
    alike = (lengths[first[codes]] == lengths).all()
    if not alike or not all((word[first[codes]] == word).all() for word in words):
        return None
    return codes, [lines[starts[at] : ends[at]].strip().decode() for at in first.tolist()]


def _distinct(key: Array) -> tuple[Array, Array]:
    """Return the place of one of each of the distinct keys, and which of them each key is.

    Few keys have a slot each by their first bits; where two share one, keys are sorted.
    """
    slots = (key >> np.uint64(64 - SLOT_BITS)).astype(np.int64)
    owner = np.full(1 << SLOT_BITS, -1)
    owner[slots] = np.arange(len(key))
    if (key[owner[slots]] == key).all():
        used = np.flatnonzero(owner >= 0)
        owned = owner[used]
        owner[used] = np.arange(len(used))
        return owned, owner[slots]
    _, first, codes = np.unique(key, return_index=True, return_inverse=True)
    return first, codes


def _parse_quoted(lines: bytes, mixture: Mixture) -> tuple[list[Array], list[Coded]] | None:
    """Return the same of lines with quotes, value by value; None where a quote is open at their end."""
    if lines.count(b'"') % 2:
        return None
    try:
        rows = [fields for _, fields in split(io.StringIO(lines.decode()), mixture.delimiter)]
    except csv.Error:
        return None
    if not rows or any(len(fields) != mixture.width for fields in rows):
        return None
    columns = list(zip(*rows, strict=True))
    numbers = [[parse_one(v.encode(), mixture.gaps, mixture.decimal) for v in columns[k]] for k in mixture.numbers]
    if any(None in values for values in numbers):
        return None
    arrays = [np.array(values, np.float64) for values in numbers]
    for values in arrays if mixture.gaps.numbers else ():
        values[np.isin(values, mixture.gaps.numbers)] = np.nan
    coded = []
    for k in mixture.texts:
        known = {value: code for code, value in enumerate(dict.fromkeys(columns[k]))}
        coded.append((np.array([known[value] for value in columns[k]], np.int64), list(known)))
    return arrays, coded


def _has_empty_row(numbers: list[Array], coded: list[Coded], rows: int) -> bool:
    """Return whether some row may have no value in any column: then it is looked at more closely."""
    empty = np.ones(rows, bool)
    for values in numbers:
        empty &= np.isnan(values)
    for codes, texts in coded:
        if not empty.any():
            return False
        empty &= np.array([not text for text in texts])[codes]
    return bool(empty.any())
