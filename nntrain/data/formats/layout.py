"""How a table of text is written, all told; its rows, and the first fault among them with its place.

Knows nothing of how that is found out, or of targets and tasks.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NoReturn

from nntrain.data.formats.delimited import Delimiter, Encoding, records
from nntrain.data.formats.gaps import Gaps, Words, is_number
from nntrain.data.formats.numerals import Asked
from nntrain.data.formats.styles import DECIMAL_COMMA, PLAIN, Decimal, Style, Thousands, hint
from nntrain.data.text import quoted
from nntrain.errors import DataError

LIKE_GAPS = frozenset(
    {"#value!", "#ref!", "#div/0!", "#num!", "#name?", "..", "...", "*", "--", "---", "k.a.", "nil"}
    | {"missing", "unknown", "\\n", "(null)"}
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a spec says of how a table is written; None is found out. ``na`` is for all columns, or by name."""

    delimiter: Delimiter | None = None
    header: bool | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    signs: bool | None = None
    encoding: Encoding | None = None
    na: Words | Mapping[str, Words] | None = None

    @property
    def asked(self) -> Asked:
        """What is said of numbers."""
        return Asked(self.decimal, self.thousands, self.signs is not False)


NOTHING = Told()


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written: its delimiter (None: blanks), its header line or none, its columns and their styles.

    ``skip`` lines stand above the first row; ``units``: a row of units stands below the header. ``left_out`` has the
    columns that are no features unless a spec names them, with the reason.
    """

    delimiter: str | None
    header: bool
    names: tuple[str, ...]  # () without a header
    width: int
    styles: tuple[Style, ...]
    gaps: tuple[Gaps, ...]
    encoding: str = "utf-8"
    skip: int = 0
    units: bool = False
    left_out: Mapping[int, str] = field(default_factory=dict)
    doubtful: frozenset[int] = frozenset()  # columns whose style is open
    notes: tuple[str, ...] = ()

    @property
    def decimal(self) -> Decimal:
        """The decimal mark of most files: a comma where some column has it."""
        return "," if any(style.decimal == "," for style in self.styles) else "."

    def plain_decimal(self, positions: Collection[int]) -> Decimal | None:
        """Return the one mark of these columns if whole-array arithmetic can read them, else None."""
        styles = {self.styles[position] for position in positions}
        if len({self.gaps[position] for position in positions}) > 1:
            return None
        return "." if styles <= {PLAIN} else "," if styles == {DECIMAL_COMMA} and self.delimiter != "," else None

    @property
    def above(self) -> int:
        """Rows above the values: names, and units."""
        return int(self.header) + int(self.units)


def rows(path: Path, layout: Layout, passed: list[int] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of every row, names too; ``passed`` gets the lines of those without any value.

    Delimiters at the end of a row that part nothing are left out.
    """
    width = layout.width
    for line, fields in records(path, layout.delimiter, layout.encoding, layout.skip):
        if not fields:
            if passed is not None:
                passed.append(line)
        elif len(fields) > width and not any(fields[width:]):
            yield line, fields[:width]
        else:
            yield line, fields


def rows_below(path: Path, layout: Layout, passed: list[int] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, values) of every row below names and units."""
    return islice(rows(path, layout, passed), layout.above, None)


def blame(
    path: Path, layout: Layout, numeric: Collection[int], *, gaps: Collection[int] = (), otherwise: str = "malformed"
) -> NoReturn:
    """Raise the DataError of the first fault: a row of another length, text where a number is due, a number not finite.

    In the columns ``gaps`` a missing value is a fault as well.
    """
    below = rows_below(path, layout)
    for line, fields in below:
        if len(fields) != layout.width:
            raise DataError(f"{path}:{line}: row of {len(fields)} columns, {layout.width} are expected")
        for column, value in enumerate(fields):
            if layout.gaps[column].missing(value, among_numbers=column in numeric):
                fault = f"missing value, got '{value}'" if column in gaps else ""
            else:
                fault = fault_of(value, layout.styles[column]) if column in numeric else ""
            if fault:
                _, next_row = next(below, (0, []))
                first = line == layout.skip + 1 and not layout.names and len(next_row) > column
                header = first and not is_number(value) and is_number(next_row[column])
                raise DataError(f"{place(path, layout, line, column)}: {fault}{'; is this line a header?' * header}")
    raise DataError(f"{path}: {otherwise}")


def fault_of(value: str, style: Style) -> str:
    """Return what is wrong with a value in a column of numbers, or nothing."""
    number = style.number(value)
    if number is None:
        if value.lower() in LIKE_GAPS:
            return f"{quoted(value)} is not a number; if it stands for a missing value, set data.source.na: [{value!r}]"
        return f"{quoted(value)} is not a number{hint(value)}"
    return "" if math.isfinite(number) else f"{quoted(value)} is not a finite number"


def place(path: Path, layout: Layout, line: int, column: int) -> str:
    """Return ``file:line:column``, the column counted from 1 and named when there is a header."""
    name = f" ({quoted(layout.names[column])[1:-1]})" if layout.names and layout.names[column] else ""
    return f"{path}:{line}:{column + 1}{name}"
