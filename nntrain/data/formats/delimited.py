"""Tables of text: csv, tsv, semicolons or blanks between the values, header or not, plain or gzip.

Numbers are parsed by NumPy in one pass. Only when something is wrong is the file read again, slowly, to say where.
Knows nothing of targets or tasks.
"""

import csv
import io
import math
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

from nntrain.data.formats.files import open_lines, report_read_errors
from nntrain.data.text import quoted
from nntrain.errors import DataError

Delimiter: TypeAlias = Literal[",", ";", "\t", "|", " "]  # a blank stands for any run of blanks and tabs
DELIMITERS = ",;\t|"
Decimal: TypeAlias = Literal[".", ","]
WITH_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")  # a decimal number for certain
WITH_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
WITH_ANY_COMMA = re.compile(r"[+-]?(?:\d+,\d*|,\d+)(?:[eE][+-]?\d+)?")  # one where commas part nothing
SAMPLE = 100  # rows that decide how decimals are written
MISSING = frozenset({"", "?", "-", "na", "n/a", "nan", "null", "none"})  # in lower case
MEANT = frozenset({"-", "none"})  # of these, what counts as a text like any other among texts


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written: its delimiter (None: blanks), its header line or none, its columns, its decimal mark."""

    delimiter: str | None
    header: bool
    names: tuple[str, ...]  # () without a header
    width: int
    decimal: Decimal = "."


def sniff(
    path: Path, delimiter: Delimiter | None = None, header: bool | None = None, decimal: Decimal | None = None
) -> Layout:
    """Find out the layout from the first rows; what is given is taken as it is. DataError when there are no rows.

    The first row is a header when none of its values is a number while one below is. The decimal mark is a comma when
    commas do not part the values, some numbers of the first rows have one, and none has a point.
    """
    with open_decoded(path) as lines:
        start = next((line for line in lines if line.strip()), None)
    if start is None:
        raise DataError(f"{path}: is empty")
    mark = _most_frequent(start) if delimiter is None else delimiter.strip(" ") or None
    sample = [fields for _, fields in islice(records(path, mark), SAMPLE)]
    if decimal is None:
        decimal = "," if mark != "," and _has_commas(sample) else "."
    rows = [_with_points(fields) if decimal == "," else fields for fields in sample[:2]]
    first = rows[0]
    if header is None:
        numbers_below = any(is_number(field) for field in rows[-1])
        header = not any(is_number(field) for field in first) and (numbers_below or len(rows) == 1)
    if header and len(rows) == 1:
        raise DataError(f"{path}: has a header line but no rows")
    return Layout(mark, header, tuple(sample[0]) if header else (), len(first), decimal)


def _has_commas(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether some numbers are written with a decimal comma and none with a point."""
    fields = [field for row in rows for field in row]
    return any(map(WITH_COMMA.fullmatch, fields)) and not any(map(WITH_POINT.fullmatch, fields))


def _with_points(fields: list[str]) -> list[str]:
    """Return values with a point in the numbers that have a decimal comma, and all others as they are."""
    return [field.replace(",", ".") if WITH_ANY_COMMA.fullmatch(field) else field for field in fields]


def _most_frequent(line: str) -> str | None:
    """Return the delimiter that stands most often outside quotes; None, for blanks, where there is no other.

    Commas do not count where something else parts numbers with decimal commas.
    """
    bare = "".join(line.split('"')[::2])
    for mark in (";", "\t", "|", None):
        fields = [field.strip() for field in bare.split(mark)]
        parted = [field for field in fields if "," in field]
        enough = 1 if mark else 2  # of "3,2 rooms" the comma parts more likely than the blank
        if len(fields) > 1 and len(parted) >= enough and all(map(WITH_COMMA.fullmatch, parted)):
            return mark
    best = max(DELIMITERS, key=bare.count)
    if best in bare:
        return best
    return None if len(bare.split()) > 1 else ","


def blame(
    path: Path, layout: Layout, numeric: Collection[int], *, gaps: Collection[int] = (), otherwise: str = "malformed"
) -> NoReturn:
    """Raise the DataError of the first fault: a row of another length, text where a number is due, a number not finite.

    In the columns ``gaps`` a missing value is a fault as well.
    """
    rows = rows_below(path, layout)
    for line, fields in rows:
        if len(fields) != layout.width:
            raise DataError(f"{path}:{line}: row of {len(fields)} columns, {layout.width} are expected")
        for column, field in enumerate(fields):
            if is_missing(field, among_numbers=column in numeric):
                fault = f"missing value, got '{field}'" if column in gaps else ""
            else:
                fault = _fault(field) if column in numeric else ""
            if fault:
                _, below = next(rows, (0, []))
                first = line == 1 and not layout.header and len(below) > column and not is_number(field)
                hint = "; is this line a header?" if first and is_number(below[column]) else ""
                raise DataError(f"{place(path, layout, line, column)}: {fault}{hint}")
    raise DataError(f"{path}: {otherwise}")


def _fault(field: str) -> str:
    """Return what is wrong with a value in a column of numbers, or nothing."""
    if not is_number(field):
        hint = "; if that is a decimal comma, set data.source.decimal: ','" if WITH_COMMA.fullmatch(field) else ""
        return f"{quoted(field)} is not a number{hint}"
    return "" if math.isfinite(float(field)) else f"{quoted(field)} is not a finite number"


def is_missing(field: str, *, among_numbers: bool) -> bool:
    """Return whether a stripped value stands for a missing one; a dash or "none" may well be meant among texts."""
    word = field.lower()
    return word in MISSING and (among_numbers or word not in MEANT)


def place(path: Path, layout: Layout, line: int, column: int) -> str:
    """Return ``file:line:column``, the column counted from 1 and named when there is a header."""
    name = f" ({quoted(layout.names[column])[1:-1]})" if layout.names else ""
    return f"{path}:{line}:{column + 1}{name}"


def is_number(field: str) -> bool:
    """Return whether NumPy reads the text as a number (nan and inf included, 1_000 not)."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def rows_below(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of every row below the header; numbers have decimal points, however written."""
    for line, fields in islice(records(path, layout.delimiter), int(layout.header), None):
        yield line, _with_points(fields) if layout.decimal == "," else fields


def records(path: Path, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, stripped values) of every row that is not blank."""
    with open_decoded(path) as lines:
        try:
            yield from _split(lines, delimiter)
        except csv.Error as error:
            raise DataError(f"{path}: {error}") from None


def _split(lines: Iterator[str], delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    if delimiter is None:
        for line, text in enumerate(lines, 1):
            if fields := text.split():
                yield line, [field.strip('"') for field in fields]
        return
    reader = csv.reader(lines, delimiter=delimiter)
    start = 1  # a row inside quotes may span several lines
    for fields in reader:
        if fields:
            yield start, [field.strip() for field in fields]
        start = reader.line_num + 1


@contextmanager
def open_decoded(path: Path) -> Iterator[Iterator[str]]:
    """Open the lines of a UTF-8 file, byte order mark and line ends removed from sight; DataError at a wrong byte."""
    with open_lines(path) as file, report_read_errors(path):
        try:
            yield io.TextIOWrapper(file, encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise DataError(_wrong_byte(path)) from None


def _wrong_byte(path: Path) -> str:
    with open_lines(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"{path}:{number}: byte {error.start + 1} is not UTF-8, got 0x{line[error.start]:02x}"
    return f"{path}: is not UTF-8 text"
