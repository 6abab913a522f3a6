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
PAIRS = np.uint64(0x000000FF000000FF)
EIGHT, TEN, SIXTEEN, HALF = map(np.uint64, (8, 10, 16, 32))
UPPER, LOWER = np.uint64(100 + (1000000 << 32)), np.uint64(1 + (10000 << 32))


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
    points = _points(np.flatnonzero(text == DOT), starts, ends)
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
    first = text[np.minimum(starts, len(text) - 1)]
    negative = first == MINUS
    starts = starts + (negative | (first == PLUS))
    whole, fraction = points - starts, np.maximum(ends - points - 1, 0)
    digits = whole + fraction
    long = np.flatnonzero(digits > 7)
    if 2 * len(long) > len(digits):
        mantissa, bad = _long(window, whole, fraction, points, ends)
    else:
        mantissa, bad = _short(window, whole, fraction, points, ends)
        if len(long):
            mantissa[long], bad[long] = _long(window, *(a[long] for a in (whole, fraction, points, ends)))
    doubtful = (bad != 0) | (digits == 0) | (whole > 8) | (fraction > 19) | (digits > 19)
    values, unsure = _quotients(mantissa, POWERS.take(fraction, mode="clip"))
    np.negative(values, out=values, where=negative)
    return values, doubtful | unsure


def _short(window: Array, whole: Array, fraction: Array, points: Array, ends: Array) -> tuple[Array, Array]:
    """Return the digits of values that have seven at most as whole numbers, and bits where one of them is no digit."""
    v = window[ends]
    behind = LAST.take(fraction, mode="clip")
    pointed = points < ends
    v = np.where(pointed, (v & behind) | ((v << EIGHT) & ~behind), v)  # what is in front of a point takes its place
    return _number(v, whole + fraction)


def _long(window: Array, whole: Array, fraction: Array, points: Array, ends: Array) -> tuple[Array, Array]:
    """Return the same of values of up to 19 digits, eight of them at most in front of the point."""
    mantissa, bad = _number(window[points], whole)
    mantissa *= WHOLE_POWERS.take(fraction, mode="clip")
    for done in range(0, min(int(fraction.max(initial=0)), 24), 8):
        digits, strange = _number(window[np.maximum(ends - done, 0)], fraction - done)
        digits *= WHOLE_POWERS[done]
        mantissa += digits
        bad |= strange
    return mantissa, bad


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
    """Return the numbers that the last digits of eight bytes each make, and bits where one of them is no digit.

    The first digit is in the lowest byte; ``v`` is overwritten.
    """
    v ^= ZEROS
    v &= LAST.take(count, mode="clip")
    bad = v + OVER_NINE
    bad |= v
    bad &= HIGH_BITS
    pairs = v >> EIGHT
    v *= TEN
    v += pairs  # pairs of digits in every other byte
    upper = v & PAIRS
    upper *= UPPER
    v >>= SIXTEEN
    v &= PAIRS
    v *= LOWER
    v += upper
    v >>= HALF
    return v, bad


def _quotients(mantissa: Array, power: Array) -> tuple[Array, Array]:
    """Return mantissa / power rounded once, and where even so the last bit is not sure.

    Below 2^53 both are doubles and the quotient is right. Beyond, the remainder of the division, which is a double,
    and what the mantissa lost as a double correct it; the result is right unless it lies halfway between two doubles.
    """
    high = mantissa.astype(np.float64)
    values = high / power
    unsure = np.zeros(len(values), bool)
    large = np.flatnonzero(mantissa >= np.uint64(1 << 53))
    if len(large):
        high, power, quotient = high[large], power[large], values[large]
        low = (mantissa[large] - high.astype(np.uint64)).astype(np.int64).astype(np.float64)
        correction = (_remainder(high, quotient, power) + low) / power
        values[large] = rounded = quotient + correction
        lost = correction - (rounded - quotient)
        unsure[large] = rounded + lost * (1 + 2.0**-30) != rounded
    return values, unsure


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
