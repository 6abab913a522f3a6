"""JSON lines as data: one object a line, its keys are the columns.

Knows nothing of splits or scaling.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from nntrain.data.formats.column_parser import Numbers, Texts
from nntrain.data.formats.delimited import open_decoded
from nntrain.data.formats.gaps import Gaps, Words, gaps_of_columns
from nntrain.data.formats.layout import fault_of
from nntrain.data.formats.styles import PLAIN
from nntrain.data.sources.base import SOURCES, Reader, enter
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.columns import FOUND_OUT, Column, Kinds, Table, refuse_unusable
from nntrain.data.tables.definite_table import DefiniteTable
from nntrain.data.text import quoted
from nntrain.errors import DataError


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines(TableSource):
    """A table of JSON objects, one a line (.jsonl, .ndjson, .gz too); columns have the roles and options of csv.

    The columns are the keys in order of their first appearance. A key that is absent, or null, is a missing value; true
    and false are 1 and 0; a text that is a number counts as in csv.
    """

    kind: Literal["json_lines"] = "json_lines"
    formula: ClassVar[str] = "y = the target column, X = the others"

    def open(self, path: Path, like: Table | None) -> Table:
        """Return the table; DataError for other columns than those of ``like``, whose order it has."""
        table = JsonTable(path, self.words)
        if like is None:
            return table
        if set(table.names) != set(like.names):
            raise DataError(f"{path}: other columns than {like.path}")
        return JsonTable(path, self.words, like.names)


@dataclass(frozen=True)
class JsonTable(DefiniteTable):
    """A table of JSON objects; ``order`` are the names of its columns if they are known."""

    path: Path
    na: Words | Mapping[str, Words] | None = None
    order: tuple[str, ...] = ()

    @cached_property
    def _rows(self) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """The line number and object of each row; numbers are texts, so that no digit is lost."""
        with open_decoded(self.path) as lines:
            rows = [(number, self._object(number, line)) for number, line in enumerate(lines, 1) if line.strip()]
        if not rows:
            raise DataError(f"{self.path}: is empty")
        return rows

    def _object(self, number: int, line: str) -> Mapping[str, Any]:
        try:
            found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object_of)
        except _RepeatedKeyError as error:
            raise DataError(
                f"{self.path}:{number}: the key {quoted(error.args[0])} stands twice in an object"
            ) from None
        except (ValueError, RecursionError) as error:
            cause = getattr(error, "msg", type(error).__name__)
            raise DataError(f"{self.path}:{number}: is not JSON: {cause}; one object stands in each line") from None
        if not isinstance(found, dict):
            example = '{"x": 1}'
            raise DataError(
                f"{self.path}:{number}: an object such as {example} is expected, got {quoted(line.strip())}"
            )
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.order or tuple(dict.fromkeys(key for _, row in self._rows for key in row))

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    @cached_property
    def unusable(self) -> Mapping[int, str]:
        """Columns with lists or objects in them."""
        nested = {key for _, row in self._rows for key, value in row.items() if isinstance(value, list | dict)}
        return {p: "lists or objects" for p, name in enumerate(self.names) if name in nested}

    @cached_property
    def gaps(self) -> tuple[Gaps, ...]:
        """What stands for a missing value in each column."""
        return gaps_of_columns(self.na, self.names, self.width, str(self.path))

    def columns(self, kept: Collection[int] | None = None, kinds: Kinds = FOUND_OUT) -> tuple[Column, ...]:
        """Return the columns at these positions, or all, in order of position."""
        positions = range(self.width) if kept is None else sorted(kept)
        refuse_unusable(self, positions)
        return tuple(self._column(position, kinds) for position in positions)

    def locate(self, row: int, position: int) -> tuple[str, str]:
        """Return ``file:line: 'name'`` of a value, and the value."""
        line, found = self._rows[row]
        name = self.names[position]
        return f"{self.path}:{line}: {quoted(name)}", _as_text(found.get(name))

    def _column(self, position: int, kinds: Kinds) -> Column:
        name, gaps = self.names[position], self.gaps[position]
        fields = [_as_text(row.get(name)) for _, row in self._rows]
        column: Numbers | Texts = Numbers(PLAIN, gaps)
        column.add(fields)
        wordy = column.words > 0 and (position in kinds.strict or 2 * column.words >= column.present)
        if position in kinds.text or (wordy and position not in kinds.number):
            column = Texts(PLAIN, gaps)
            column.add(fields)
        contents = column.finish(as_text=position in kinds.text or position in kinds.strict)
        for row, field in enumerate(fields) if column.odd else ():
            fault = "" if gaps.missing(field, among_numbers=True) else fault_of(field, PLAIN)
            if fault:
                raise DataError(f"{self.locate(row, position)[0]}: {fault}")
        return Column(name, position, *contents)


class _RepeatedKeyError(Exception):
    """Raised with a key that stands twice in one object."""


def _object_of(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(key)
        found[key] = value
    return found


def _as_text(value: Any) -> str:
    """Return a value as csv would have it."""
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value).strip()


def _is_json_lines(head: bytes) -> bool:
    """Return whether a file begins with an object in a line of its own, as far as the first bytes show."""
    line, _, rest = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if not line.startswith(b"{") or b'"' not in line:
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return not rest  # a line that is longer than what is looked at


enter(
    Reader(
        "json_lines",
        "a file of JSON lines",
        JsonTable,
        packed=True,
        suffixes=(".jsonl", ".ndjson"),
        recognises=_is_json_lines,
    )
)
