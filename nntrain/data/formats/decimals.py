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
ALL = ~np.uint64(0)
ZEROS, OVER_NINE, HIGH_BITS = (np.uint64(int(byte * 8, 16)) for byte in ("30", "76", "80"))
PAIRS = np.uint64(0x000000FF000000FF)
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
    for index in np.flatnonzero(doubtful).tolist():
        value = parse_one(lines[starts[index] : ends[index]], gaps)
        if value is None:
            return None
        values[index] = value
    if gaps.numbers:
        values[np.isin(values, gaps.numbers)] = np.nan
    return values.reshape(rows, width)


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
    mantissa, bad = _digits(window, points, whole)
    longest = int(fraction.max(initial=0))
    mantissa *= WHOLE_POWERS[np.minimum(fraction, 19)]
    for done in range(0, min(longest, 24), 8):
        digits, strange = _digits(window, np.maximum(ends - done, 0), fraction - done)
        digits *= WHOLE_POWERS[done]
        mantissa += digits
        bad |= strange
    doubtful = (bad != 0) | (whole + fraction == 0) | (whole > 8) | (fraction > 19) | (whole + fraction > 19)
    values, unsure = _quotients(mantissa, POWERS[np.minimum(fraction, 22)])
    np.negative(values, out=values, where=negative)
    return values, doubtful | unsure


def _points(dots: Array, starts: Array, ends: Array) -> Array:
    """Return the place of each value's decimal point, or of its end if it has none.

    Where a value has two points, one of them is left among its digits and makes it doubtful.
    """
    if len(dots) == len(ends) and (dots >= starts).all() and (dots < ends).all():
        return dots
    points = ends.copy()
    points[np.searchsorted(ends, dots)] = dots
    return points


def _digits(window: Array, at: Array, count: Array) -> tuple[Array, Array]:
    """Return the numbers that up to eight digits in front of places make, and bits where one of them is no digit."""
    kept = np.minimum(np.maximum(count, 0), 8)
    v = window[at]
    v ^= ZEROS
    v &= np.left_shift(ALL, ((8 - kept) * 8).astype(np.uint64))  # the first digit is in the lowest byte
    bad = ((v + OVER_NINE) | v) & HIGH_BITS
    v = v * np.uint64(10) + (v >> np.uint64(8))  # pairs of digits in every other byte
    upper = (v & PAIRS) * UPPER
    v = (((v >> np.uint64(16)) & PAIRS) * LOWER + upper) >> np.uint64(32)
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
