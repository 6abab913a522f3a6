"""Plain decimal numbers, parsed by whole-array arithmetic: eight digits of every value at a time.

Every number is the double nearest to its text, as ``float`` gives it: where whole-array arithmetic cannot be sure of
that, ``float`` itself decides. Knows nothing of files, or of what columns mean.
"""

import re
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.gaps import USUAL, Gaps, is_number

NEWLINE, DOT, PLUS, MINUS = b"\n.+-"
PAD = 16  # bytes in front of a block, so that eight and sixteen digits back is still inside
SPLIT = 2.0**27 + 1  # cuts a double into halves whose products are exact (Dekker 1971)
POWERS = 10.0 ** np.arange(23)  # exact
WHOLE_POWERS = np.array([10**k for k in range(20)], np.uint64)
LAST = np.array([0] + [(1 << 64) - (1 << 8 * (8 - k)) for k in range(1, 9)], np.uint64)  # keeps the last k bytes
ZEROS, OVER_NINE, HIGH_BITS = (np.uint64(int(byte * 8, 16)) for byte in ("30", "76", "80"))
EIGHT = np.uint64(8)
STEPS = (  # factor, shift and mask: 10 · digit + next digit; 100 · pair + next pair; 10,000 · four + next four
    (np.uint64(1 + (10 << 8)), EIGHT, np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(1 + (100 << 16)), np.uint64(16), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(1 + (10000 << 32)), np.uint64(32), None),
)
TOGETHER = 1 << 14  # numbers worked on together, so few that they stay in the cache (measured)
MOST_WHOLE, MOST_DIGITS = 16, 19  # digits in front of the point, and in all, beyond which ``float`` decides


def parse_lines(lines: bytes, delimiter: str, width: int, gaps: Gaps = USUAL) -> Array | None:
    """Return the numbers of lines that end with a newline each, (rows, width), NaN where a value is missing.

    Lines without a character are left out. None when there are no rows of so many finite numbers without quotes.
    """
    if b"\n\n" in lines or lines.startswith(b"\n"):
        lines = re.sub(rb"\n+", b"\n", lines).lstrip(b"\n")
    if not lines:
        return np.empty((0, width))
    padded = np.full(PAD + len(lines) + 8, ord("0"), np.uint8)
    text = padded[PAD : PAD + len(lines)]
    text[:] = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero((text == ord(delimiter)) | (text == NEWLINE))
    rows, rest = divmod(len(ends), width)
    closes = text[ends] == NEWLINE
    if rest or closes.sum() != rows or not closes[width - 1 :: width].all():
        return None
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    dots = np.flatnonzero(text == DOT)
    points = _points(dots, starts, ends) if len(dots) else ends
    values, doubtful = decimals_at(padded, text, starts, ends, points)
    return values.reshape(rows, width) if settle(values, doubtful, lines, (starts, ends), gaps) else None


def settle(
    values: Array, doubtful: Array, lines: bytes, places: tuple[Array, Array], gaps: Gaps, decimal: str = "."
) -> bool:
    """Put right the doubtful values, which lie between these places, and what is missing; False where one is none."""
    starts, ends = places
    empty = starts == ends
    values[empty] = np.nan
    at = np.flatnonzero(doubtful & ~empty)
    known: dict[bytes, float | None] = {}  # most are gaps, which are spelled alike
    found = []
    for start, end in zip(starts[at].tolist(), ends[at].tolist(), strict=True):
        field = lines[start:end]
        if field not in known:
            known[field] = parse_one(field, gaps, decimal)
        value = known[field]
        if value is None:
            return False
        found.append(value)
    values[at] = found
    if gaps.numbers:
        values[np.isin(values, gaps.numbers)] = np.nan
    return True


def parse_one(field: bytes, gaps: Gaps, decimal: str = ".") -> float | None:
    """Return a single value, NaN if it is missing, None if it is no finite number."""
    try:
        text = field.decode().strip()
    except UnicodeDecodeError:
        return None
    if gaps.missing(text, among_numbers=True):
        return float("nan")
    if decimal == ",":
        text = "" if "." in text else text.replace(",", ".")
    value = float(text) if is_number(text) and '"' not in text else float("inf")
    return None if np.isinf(value) else value


def decimals_at(padded: Array, text: Array, starts: Array, ends: Array, points: Array) -> tuple[Array, Array]:
    """Return the numbers between these places, and which are not to be trusted; ``points``: see ``_points``."""
    window = np.ndarray((len(text) + 1,), "<u8", padded, PAD - 8, (1,))  # window[p]: the eight bytes in front of p
    values, doubtful = np.empty(len(ends)), np.empty(len(ends), bool)
    for start in range(0, len(ends), TOGETHER):
        some = slice(start, start + TOGETHER)
        values[some], doubtful[some] = _decimals(window, text, starts[some], ends[some], points[some])
    return values, doubtful


def _decimals(window: Array, text: Array, starts: Array, ends: Array, points: Array) -> tuple[Array, Array]:
    """Do what ``decimals_at`` does for a few numbers."""
    first = text[starts]
    signed = bool((first < DOT).any())
    negative = first == MINUS
    if signed:
        starts = starts + (negative | (first == PLUS))
    whole, fraction = points - starts, ends - points
    fraction -= 1
    np.maximum(fraction, 0, out=fraction)
    digits = whole + fraction
    if not fraction.any():
        mantissa, bad = _wholes(window, whole, ends)
        values, unsure = mantissa.astype(np.float64), None
    else:
        mantissa, bad = _digits(window, (whole, fraction, digits), points, ends)
        values, unsure = _quotients(mantissa, POWERS.take(fraction, mode="clip"))
    bad &= HIGH_BITS
    doubtful = (bad != 0) | (digits == 0)
    if digits.max(initial=0) > MOST_WHOLE:
        doubtful |= (whole > MOST_WHOLE) | (fraction > MOST_DIGITS) | (digits > MOST_DIGITS)
    if signed:
        np.negative(values, out=values, where=negative)
    return values, doubtful if unsure is None else doubtful | unsure


def _digits(window: Array, counts: tuple[Array, ...], points: Array, ends: Array) -> tuple[Array, Array]:
    """Return the digits of values as whole numbers, and bytes with high bits where one of them is no digit.

    ``counts`` are those of the digits in front of the point, behind it, and in all.
    """
    whole, fraction, digits = counts
    long = np.flatnonzero(digits > 7)
    if 2 * len(long) > len(digits):
        return _long(window, whole, fraction, points, ends)
    mantissa, bad = _short(window, whole, fraction, points, ends)
    if len(long):
        mantissa[long], bad[long] = _long(window, *(a[long] for a in (whole, fraction, points, ends)))
    return mantissa, bad


def _short(window: Array, whole: Array, fraction: Array, points: Array, ends: Array) -> tuple[Array, Array]:
    """Return the same of values that have seven digits at most."""
    v = window[ends]
    behind = LAST.take(fraction, mode="clip")
    pointed = points < ends
    v = np.where(pointed, (v & behind) | ((v << EIGHT) & ~behind), v)  # what is in front of a point takes its place
    return _number(v, whole + fraction)


def _long(window: Array, whole: Array, fraction: Array, points: Array, ends: Array) -> tuple[Array, Array]:
    """Return the same of values of up to 19 digits, 16 of them at most in front of the point."""
    mantissa, bad = _wholes(window, whole, points)
    mantissa *= WHOLE_POWERS.take(fraction, mode="clip")
    for done in range(0, min(int(fraction.max(initial=0)), 24), 8):
        digits, strange = _number(window[np.maximum(ends - done, 0)], fraction - done)
        if done:
            digits *= WHOLE_POWERS[done]
        mantissa += digits
        bad |= strange
    return mantissa, bad


def _wholes(window: Array, count: Array, ends: Array) -> tuple[Array, Array]:
    """Return the same of so many digits, 16 at most, in front of these places."""
    number, bad = _number(window[ends], count)
    if count.max(initial=0) > 8:
        upper, strange = _number(window[np.maximum(ends - 8, 0)], count - 8)
        upper *= WHOLE_POWERS[8]
        number += upper
        bad |= strange
    return number, bad


def _points(dots: Array, starts: Array, ends: Array) -> Array:
    """Return the place of each value's decimal point, or of its end if it has none.

    Where a value has two points, one of them is left among its digits and makes it doubtful.
    """
    if len(dots) == len(ends) and (dots >= starts).all() and (dots < ends).all():
        return dots
    points = ends.copy()
    points[np.searchsorted(ends, dots)] = dots
    return points


def _number(v: Array, count: Array) -> tuple[Array, Array]:
    """Return the numbers that the last digits of eight bytes each make, and high bits where one of them is no digit.

    The first digit is in the lowest byte; ``v`` is overwritten.
    """
    v ^= ZEROS
    v &= LAST.take(count, mode="clip")
    bad = v + OVER_NINE
    bad |= v
    for factor, shift, kept in STEPS:  # neighbours become numbers of two, of four, of eight digits
        v *= factor
        v >>= shift
        if kept is not None:
            v &= kept
    return v, bad


def _quotients(mantissa: Array, power: Array) -> tuple[Array, Array | None]:
    """Return mantissa / power rounded once, and where even so the last bit is not sure, None for nowhere.

    Below 2^53 both are doubles and the quotient is right. Beyond, the remainder of the division, which is a double,
    and what the mantissa lost as a double correct it; the result is right unless it lies halfway between two doubles.
    """
    high = mantissa.astype(np.float64)
    values = high / power
    large = mantissa >= np.uint64(1 << 53)
    count = int(np.count_nonzero(large))
    if not count:
        return values, None
    if 2 * count > len(values):  # what is right already is not changed
        return _correct(mantissa, high, power, values)
    unsure = np.zeros(len(values), bool)
    at = np.flatnonzero(large)
    values[at], unsure[at] = _correct(mantissa[at], high[at], power[at], values[at])
    return values, unsure


def _correct(mantissa: Array, high: Array, power: Array, quotient: Array) -> tuple[Array, Array]:
    """Return the quotient of the mantissa, of which ``high`` is what a double holds, and where it is not sure."""
    low = (mantissa - high.astype(np.uint64)).view(np.int64).astype(np.float64)
    correction = (_remainder(high, quotient, power) + low) / power
    rounded = quotient + correction
    lost = correction - (rounded - quotient)
    return rounded, rounded + lost * (1 + 2.0**-30) != rounded


def _remainder(high: Array, quotient: Array, power: Array) -> Array:
    """Return high - quotient · power exactly."""
    q, p = _halves(quotient), _halves(power)
    product = quotient * power
    error = ((q[0] * p[0] - product) + q[0] * p[1] + q[1] * p[0]) + q[1] * p[1]
    return np.asarray((high - product) - error)


def _halves(a: Array) -> tuple[Any, Any]:
    c = SPLIT * a
    upper = c - (c - a)
    return upper, a - upper
