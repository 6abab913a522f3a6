"""Whether a file may hold numbers that are spelled with leading zeros, such as 007: then their spelling counts.

Knows nothing of columns.
"""

from pathlib import Path

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.files import open_lines, report_read_errors

PIECE = 1 << 20  # bytes looked at together
ZERO, NINE = ord("0"), ord("9")
WITHIN = np.isin(np.arange(256), [ord(mark) for mark in "0123456789.eE"])  # behind these a zero is within a number


def has_padded_numbers(path: Path) -> bool:
    """Return whether somewhere a zero begins a run of digits; DataError when the file cannot be read."""
    before = b" "
    with open_lines(path) as file, report_read_errors(path):
        while piece := file.read(PIECE):
            if _begins_with_zero(np.frombuffer(before + piece, np.uint8)):
                return True
            before = piece[-2:]
    return False


def _begins_with_zero(text: Array) -> bool:
    """Return whether in these bytes a zero follows no digit and is followed by one."""
    digit = (text >= ZERO) & (text <= NINE)
    return bool(((text[1:-1] == ZERO) & digit[2:] & ~WITHIN[text[:-2]]).any())
