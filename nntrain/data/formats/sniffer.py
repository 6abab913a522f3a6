"""How a table of text is written, found out from its first rows unless a spec says so.

Where that is open a note says how it was read and which key decides. Knows nothing of targets or tasks.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from nntrain.data.formats.delimited import encoding_of, open_decoded
from nntrain.data.formats.dialect import ENOUGH, FEW, HEAD, LINES, Dialect, judge_dialect
from nntrain.data.formats.gaps import USUAL, Gaps, gaps_of_columns, is_number
from nntrain.data.formats.headers import Below, Verdict, is_units, judge_header
from nntrain.data.formats.layout import NOTHING, Layout, Told, rows
from nntrain.data.formats.numerals import Judgement, judge_columns
from nntrain.data.formats.styles import HIDDEN, Style
from nntrain.data.text import quoted
from nntrain.errors import DataError

CELLS = 10_000  # values that decide header and styles
ROWS = 100  # that do at least
UNNAMED = re.compile(r"(Unnamed: \d+)?")


def sniff(path: Path, told: Told = NOTHING, known: Sequence[Style] = ()) -> Layout:
    """Find out the layout; what a spec says is taken as it is. DataError when there are no rows.

    The styles that are ``known`` of a file like it decide where the style of a column is open.
    """
    encoding = told.encoding or encoding_of(path)
    dialect = _dialect(path, told, encoding)
    notes = []
    if encoding == "cp1252" and told.encoding is None:
        notes.append("is not UTF-8, so it is read as cp1252, the text of Windows; data.source.encoding decides")
    if dialect.doubtful:
        notes.append("commas part the values, but blanks could; data.source.delimiter decides")
    if dialect.titles:
        notes.append(f"the first {_lines(dialect.skip)} above the table are left out")
    layout = Layout(dialect.delimiter, False, (), dialect.width, (), (), encoding, dialect.skip)
    first_rows = list(islice(rows(path, layout), max(ROWS, CELLS // layout.width)))
    layout, sample, judged = _with_header(path, layout, [f for _, f in first_rows], told, dialect, notes)
    gaps = gaps_of_columns(told.na, layout.names, layout.width, str(path))
    known = known if len(known) == layout.width else ()
    if judged is None or known or isinstance(told.na, Mapping):
        judged = judge_columns(list(zip(*sample, strict=True)), gaps, told.asked, layout.delimiter, known)
    layout = _with_styles(replace(layout, gaps=gaps), judged, notes)
    return replace(layout, notes=tuple(f"{path}: {note}" for note in notes))


def _lines(count: int) -> str:
    return "line" if count == 1 else f"{count} lines"


def _dialect(path: Path, told: Told, encoding: str) -> Dialect:
    lines: list[str] = []
    with open_decoded(path, encoding) as file:
        size = 0
        for line in file:
            lines.append(line)
            size += len(line)
            if size >= HEAD or len(lines) == LINES or (size >= ENOUGH and len(lines) >= FEW):
                break
        whole = next(iter(file), None) is None
    dialect = judge_dialect(lines, told.delimiter, whole=whole)
    if dialect is None:
        raise DataError(f"{path}: is empty")
    return dialect


def _with_header(
    path: Path, layout: Layout, sample: list[list[str]], told: Told, dialect: Dialect, notes: list[str]
) -> tuple[Layout, list[list[str]], list[Judgement] | None]:
    """Return the layout with its names, the sample without them, and how its numbers are written if that was judged.

    What was judged holds where the same words are missing in every column.
    """
    if not sample:
        raise DataError(f"{path}: is empty")
    first, width, named = sample[0], layout.width, ""
    rest = [fields for fields in sample[1:] if len(fields) == width]
    if len(first) == width - 1 and told.header is not False and _are_row_names(first, rest):
        first, named = ["", *first], "the first line has one name less than columns: the first column names the rows"
    if len(first) != width:
        raise DataError(f"{path}:{_line(path, layout)}: row of {len(first)} columns, {width} are expected")
    common = Gaps.of(told.na) if isinstance(told.na, tuple) else USUAL
    columns = list(zip(*rest, strict=True)) or [()] * width
    judged = judge_columns(columns, [common] * width, told.asked, layout.delimiter)
    styles = [judgement.style for judgement in judged]
    below = _below(columns, first, styles, common)
    verdict = Verdict(bool(told.header or named), named)
    if told.header is None and not named:
        verdict = judge_header(first, below, common)
    if verdict.doubt is not None:
        place_ = f"{path}:{_line(path, layout)}:{verdict.doubt + 1}"
        what = "is this line a header? data.source.header: true or false decides"
        raise DataError(f"{place_}: {quoted(first[verdict.doubt])} is not a number; {what}")
    if verdict.header and not rest:
        raise DataError(f"{path}: has a header line but no rows")
    if verdict.note and (verdict.header or not dialect.remark):
        notes.append(verdict.note)
    if not verdict.header:
        if dialect.remark:
            notes.append("the names of the columns are taken from the remark above them")
        return replace(layout, names=dialect.remark), [f for f in sample if len(f) == width], None
    names = tuple(name.translate(HIDDEN) for name in first)
    if list(names) != first:
        notes.append("names hold characters that are not seen, which are left out")
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        notes.append(f"several columns are named {', '.join(map(quoted, twice))}; name such a column by its position")
    units = (
        len(rest) > 1
        and not all(map(is_number, rest[0]))
        and is_units(rest[0], _below([c[1:] for c in columns], rest[0], styles, common), common)
    )
    if units:
        notes.append(f"the line below the names holds units ({', '.join(filter(None, rest[0]))}) and is left out")
    left_out = {0: "it has no name and numbers the rows"} if _is_index(names, rest) else {}
    layout = replace(layout, header=True, names=names, units=units, left_out=left_out)
    return (layout, rest[1:], None) if units else (layout, rest, judged)


def _below(columns: Sequence[Sequence[str]], first: Sequence[str], styles: Sequence[Style], gaps: Gaps) -> list[Below]:
    """Return what stands below the values of a row."""
    return [Below.of(column, value, style, gaps) for column, value, style in zip(columns, first, styles, strict=True)]


def _are_row_names(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Return whether a line of names leaves out the first column, as R writes it: its values all differ."""
    labels = [fields[0] for fields in rest]
    return len(labels) > 4 and len(set(labels)) == len(labels) and not any(map(is_number, first)) and all(first)


def _is_index(names: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Return whether the first column has no name and numbers, or names, the rows: its values all differ."""
    labels = [fields[0] for fields in rest]
    whole = all(label.isdigit() for label in labels)
    nameless = len(names) > 1 and names.count(names[0]) == 1 and bool(UNNAMED.fullmatch(names[0]))
    return nameless and len(set(labels)) == len(labels) > 1 and (whole or len(labels) > 4)


def _line(path: Path, layout: Layout) -> int:
    return next(rows(path, layout), (1, []))[0]


def _with_styles(layout: Layout, judged: Sequence[Judgement], notes: list[str]) -> Layout:
    """Return the layout with how numbers are written, column by column."""
    doubtful = frozenset(k for k, judgement in enumerate(judged) if judgement.rival is not None)
    for note in dict.fromkeys(judgement.note for judgement in judged if judgement.note):
        where = [k for k, judgement in enumerate(judged) if judgement.note == note]
        notes.append(f"{_columns(layout, where)}: {note}")
    return replace(layout, styles=tuple(judgement.style for judgement in judged), doubtful=doubtful)


def _columns(layout: Layout, positions: Sequence[int]) -> str:
    names = [quoted(layout.names[p]) if layout.names and layout.names[p] else str(p) for p in positions]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ("column " if len(names) == 1 else "columns ") + ", ".join(names[:4]) + more
