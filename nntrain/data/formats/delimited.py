"""Lines of text parted into values: the only code that knows delimiters, quotes, blanks and encodings.

A blank before a quote that opens a value is not part of it; what blanks part may hold blanks within quotes. Knows
nothing of headers, or of what values mean.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from nntrain.data.formats.files import open_lines, report_read_errors
from nntrain.errors import DataError

Delimiter: TypeAlias = Literal[",", ";", "\t", "|", " "]  # a blank stands for any run of blanks and tabs
Encoding: TypeAlias = Literal[
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "cp1250",
    "cp1251",
    "cp1252",
    "shift_jis",
    "gb18030",
    "euc_kr",
]
BY_BLANKS = re.compile(r'"(?:[^"]|"")*"|\S+')
LONGEST = 1 << 30  # characters of a value
BLOCK = 1 << 17  # bytes read at a time, so few that they stay in the cache (measured)
ASCII = bytes(range(128))
MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
SYMBOLS = "°µ€£§–—‘’“”„…½¼¾²³ªº±×·«»"  # not letters, but common in texts of the west
UNLIKELY = "ÿþÞÐð"  # letters, but more likely damage


class _Lines:
    """Lines of which the quotes are counted, and of which one knows whether any is left."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self.quotes = lines, 0
        self.next = next(lines, None)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.next
        if line is None:
            raise StopIteration
        self.quotes += line.count('"')
        self.next = next(self._lines, None)
        return line


def split(lines: Iterator[str], delimiter: str | None, *, whole: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, stripped values) of every row; () of values where there are delimiters and nothing else.

    Blank lines are passed over. csv.Error, with its line, for what cannot be parted, and for a quote that is not closed
    where these are the ``whole`` of the lines.
    """
    if delimiter is None:
        for number, line in enumerate(lines, 1):
            if fields := BY_BLANKS.findall(line):
                yield number, [_unquoted(field) for field in fields]
        return
    csv.field_size_limit(LONGEST)
    counted = _Lines(lines)
    reader = csv.reader(counted, delimiter=delimiter, skipinitialspace=True)
    start = 1  # a row inside quotes may span several lines
    try:
        for fields in reader:
            if counted.next is None and whole and counted.quotes % 2 and fields and "\n" in fields[-1]:
                opened = reader.line_num - fields[-1].rstrip("\n").count("\n")
                raise csv.Error(opened, "a quote opens here that is never closed; close it, or take it out")
            counted.quotes = 0
            values = list(map(str.strip, fields))
            if any(values):
                yield start, values
            elif len(values) > 1:
                yield start, []
            start = reader.line_num + 1
    except csv.Error as error:
        if len(error.args) > 1:
            raise
        raise csv.Error(start, f"{error}; is there a quote that is never closed?") from None


def _unquoted(field: str) -> str:
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"').strip()
    return field.strip('"')


def records(
    path: Path, delimiter: str | None, encoding: str = "utf-8", skip: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, stripped values) of the rows of a file behind its first ``skip`` lines; see ``split``."""
    with open_decoded(path, encoding) as lines:
        for _ in range(skip):
            next(lines, None)
        try:
            for line, fields in split(lines, delimiter, whole=True):
                yield line + skip, fields
        except csv.Error as error:
            line, why = error.args
            raise DataError(f"{path}:{line + skip}: {why}") from None


@contextmanager
def open_decoded(path: Path, encoding: str = "utf-8") -> Iterator[Iterator[str]]:
    """Open the lines of a text file, byte order mark and line ends removed from sight; DataError at a wrong byte."""
    with open_encoded(path, encoding) as file, report_read_errors(path):
        try:
            yield io.TextIOWrapper(file, encoding="utf-8")
        except UnicodeDecodeError:
            raise DataError(wrong_byte(path)) from None


@contextmanager
def open_encoded(path: Path, encoding: str = "utf-8") -> Iterator[io.BufferedReader | io.BytesIO]:
    """Open a text file as bytes of UTF-8 behind a byte order mark, whatever its encoding."""
    with open_lines(path) as file, report_read_errors(path):
        if encoding != "utf-8":
            try:
                text = file.read().decode(encoding)
            except UnicodeDecodeError as error:
                raise DataError(f"{path}: is not {encoding}: byte {error.start + 1} of the file is wrong") from None
            yield io.BytesIO(text.removeprefix("\ufeff").encode())
            return
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        yield file


def encoding_of(path: Path) -> str:
    """Return how a file is encoded: UTF-16 by its mark or its zeros, UTF-8, else as Windows writes western texts.

    DataError with the place of the first wrong byte for what is none of these, or is UTF-8 but for some bytes.
    """
    with open_lines(path) as file, report_read_errors(path):
        start = file.read(BLOCK)
        buffer = bytearray(start)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in start:
            return _zeros(path, start)
        decoder = codecs.getincrementaldecoder("utf-8")()
        size = len(start)
        try:
            while size:
                block = buffer if size == len(buffer) else buffer[:size]
                if not (block.isascii() and decoder.getstate()[0] == b""):
                    decoder.decode(block)
                size = file.readinto(buffer)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            file.seek(0)
            if _is_western(file.read()):
                return "cp1252"
            raise DataError(wrong_byte(path)) from None
    return "utf-8"


def _zeros(path: Path, start: bytes) -> str:
    """Return which UTF-16 it is that has zeros in every other byte."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    if even == 0 and 2 * odd > half:
        return "utf-16-le"
    if odd == 0 and 2 * even > half:
        return "utf-16-be"
    before = start[: start.index(0)]
    line, byte = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    raise DataError(f"{path}:{line}: byte {byte} is zero, which no text holds; is this a table?")


def _is_western(content: bytes) -> bool:
    """Return whether bytes that are not UTF-8 make sense as cp1252: letters and common symbols, no UTF-8 among them."""
    if MULTIBYTE.search(content):
        return False
    try:
        text = content.translate(None, ASCII).decode("cp1252")
    except UnicodeDecodeError:
        return False
    return all((char.isalpha() or char in SYMBOLS or char == "\u00a0") and char not in UNLIKELY for char in set(text))


def wrong_byte(path: Path) -> str:
    """Return the message with the place of the first byte that is not UTF-8."""
    with open_lines(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"{path}:{number}: byte {error.start + 1} is not UTF-8, got 0x{line[error.start]:02x}"
    return f"{path}: is not UTF-8 text"
