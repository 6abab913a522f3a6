"""Tables of numbers, and of numbers beside texts, parsed on all cores by whole-array arithmetic, block after block.

Numbers alone are parsed by pyarrow where it is installed and pays. Either way every number is the double nearest to its
text. What is no such table is left to others, who say where it is none. Knows nothing of what columns mean.
"""

import codecs
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from io import SEEK_END, BufferedReader, BytesIO
from itertools import product
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from nntrain.core.machine import processors
from nntrain.core.types import Array
from nntrain.core.workers import Workers
from nntrain.data.formats.decimals import parse_lines
from nntrain.data.formats.delimited import open_encoded
from nntrain.data.formats.gaps import USUAL, USUAL_WORDS, Gaps
from nntrain.data.formats.layout import Layout
from nntrain.data.formats.mixed_lines import Coded, Mixture, parse_mixed
from nntrain.data.formats.styles import Decimal

BLOCK = 1 << 18  # bytes parsed at a time: below it the cost of a call shows, above it the cache is left (measured)
ARROW_BLOCK = 1 << 20  # likewise by pyarrow, which a block of a single byte can mislead
HEAD = 1 << 15  # bytes that show what most tables are
LARGE = 1 << 23  # bytes from which on importing pyarrow takes less time than it saves (measured)
LONG = 6  # characters of a number, its delimiter too, from which on pyarrow is quicker (measured)
T = TypeVar("T")
GAPS = ["".join(letters) for word in sorted(USUAL_WORDS) for letters in product(*({c, c.upper()} for c in word))]


class Parsed(NamedTuple):
    """The ``columns`` of a table of numbers, each (n,) float64, and how many values are ``missing`` in each, as NaN."""

    columns: Sequence[Array]
    missing: Sequence[int]


def read_numbers(path: Path, layout: Layout) -> Parsed | None:
    """Return the columns of a table if it holds plain numbers alone; None if it does not.

    None also where a row may be one without any value.
    """
    decimal = layout.plain_decimal(range(layout.width))
    if layout.delimiter is None or decimal is None:
        return None
    with open_encoded(path, layout.encoding) as file:
        if not _pass_over(file, layout):
            return None
        start, head = file.tell(), file.read(HEAD)
        head = head[: head.rfind(b"\n") + 1]
        if _parse_block(head, layout.delimiter, layout.width, decimal, layout.gaps[0]) is None:
            return None
        file.seek(start)
        found = parse(file, layout.delimiter, layout.width, decimal, layout.gaps[0])
    if found is None or not all(found.missing):
        return found
    return None if np.logical_and.reduce([np.isnan(values) for values in found.columns]).any() else found


def read_mixed(
    path: Path, layout: Layout, numbers: Sequence[int], texts: Sequence[int]
) -> tuple[list[list[Array]], list[list[Coded]]] | None:
    """Return the blocks of columns of plain numbers, and of texts as codes into the texts of each block.

    None where some number is none, a row has another length or no value, or a quoted text holds a line end.
    """
    decimal = layout.plain_decimal(numbers)
    if layout.delimiter is None or decimal is None or layout.units:
        return None
    gaps = layout.gaps[numbers[0]] if numbers else USUAL
    mixture = Mixture(layout.delimiter, layout.width, tuple(numbers), tuple(texts), decimal, gaps)
    with open_encoded(path, layout.encoding) as file:
        if not _pass_over(file, layout):
            return None
        blocks = _each_block(file, lambda lines: parse_mixed(lines, mixture))
    if not blocks:
        return None
    by_number = [[block[0][k] for block in blocks] for k in range(len(numbers))]
    return by_number, [[block[1][k] for block in blocks] for k in range(len(texts))]


def number_blocks(path: Path, layout: Layout, positions: Sequence[int]) -> Generator[list[Array], None, bool]:
    """Yield columns of plain numbers at these positions, each (rows,), many rows at a time.

    Returns whether that was the whole file. It ends early where whole-array arithmetic cannot read on: at a number that
    is none, a row of another length or without any value, or a quoted line end.
    """
    decimal = layout.plain_decimal(positions)
    if layout.delimiter is None or decimal is None or layout.units or not positions:
        return False
    mixture = Mixture(layout.delimiter, layout.width, tuple(positions), (), decimal, layout.gaps[positions[0]])
    whole = len(positions) == layout.width
    with open_encoded(path, layout.encoding) as file:
        if not _pass_over(file, layout):
            return False
        for lines in _lines(file):
            columns = _whole_rows(lines, mixture) if whole else (parse_mixed(lines, mixture) or (None,))[0]
            if columns is None:
                return False
            yield columns
    return True


def _whole_rows(lines: bytes, mixture: Mixture) -> list[Array] | None:
    """Return all columns of lines of numbers alone; None where that is not what they are, or a row has no value."""
    block = _parse_block(lines, mixture.delimiter, mixture.width, mixture.decimal, mixture.gaps)
    if block is None or np.isnan(block).all(axis=1).any():
        return None
    return list(block.T)


def _pass_over(file: BufferedReader | BytesIO, layout: Layout) -> bool:
    """Pass over the lines above the values; False where they are not lines of their own."""
    for _ in range(layout.skip):
        if b"\r" in file.readline().rstrip(b"\r\n"):
            return False
    header = file.readline() if layout.header else b""
    odd = not header.strip() or header.count(b'"') % 2 or b"\r" in header.rstrip(b"\r\n")
    return not layout.units and not (layout.header and odd)


def parse(
    file: BufferedReader | BytesIO, delimiter: str, width: int, decimal: Decimal = ".", gaps: Gaps = USUAL
) -> Parsed | None:
    """Return the rest of a file as columns.

    None when it is no table of so many columns of finite numbers without quotes, or has no rows.
    """
    start = file.tell()
    if file.seek(0, SEEK_END) - start >= LARGE and gaps == USUAL and _is_long(file, start, delimiter):
        file.seek(start)
        found = parse_by_arrow(file, delimiter, width, decimal)
        if found is not None:
            return found
    file.seek(start)
    blocks = _each_block(file, lambda lines: _parse_block(lines, delimiter, width, decimal, gaps))
    rows = sum(map(len, blocks))
    if not rows:
        return None
    columns = list(_by_column(blocks, rows, width))
    return Parsed(columns, [int(np.count_nonzero(np.isnan(values))) for values in columns])


def _is_long(file: BufferedReader | BytesIO, start: int, delimiter: str) -> bool:
    """Return whether the first numbers behind this place have so many characters that pyarrow is quicker."""
    file.seek(start)
    head = file.read(HEAD)
    values = head.count(delimiter.encode()) + head.count(b"\n")
    return len(head) >= LONG * values


def parse_by_arrow(file: BufferedReader | BytesIO, delimiter: str, width: int, decimal: Decimal) -> Parsed | None:
    """Do with pyarrow what ``parse`` does; None in more cases, such as a number within quotes, or without pyarrow."""
    try:
        from pyarrow import ArrowInvalid, BufferReader, OSFile, csv, float64
    except ImportError:
        return None
    # a file of pyarrow's own: its threads may go on reading for a while after it gave up
    own = BufferReader(file.getvalue()) if isinstance(file, BytesIO) else OSFile(os.fsencode(file.name))
    own.seek(file.tell())
    if file.read(3) == codecs.BOM_UTF8:  # it would pass over the mark, which is none here
        return None
    names = list(map(str, range(width)))
    try:
        table = csv.read_csv(
            own,
            csv.ReadOptions(block_size=ARROW_BLOCK, column_names=names, use_threads=processors() > 1),
            csv.ParseOptions(delimiter=delimiter, quote_char=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, float64()), null_values=GAPS, decimal_point=decimal),
        )
    except ArrowInvalid:
        return None
    if not table.num_rows:
        return None
    with Workers(processors()) as pool:
        columns = list(pool.map(lambda column: column.to_numpy(), table.columns))
        finite = list(pool.map(lambda values: int(np.count_nonzero(np.isfinite(values))), columns))
    missing = [column.null_count for column in table.columns]
    return Parsed(columns, missing) if sum(finite) + sum(missing) == len(columns) * table.num_rows else None


def _each_block(file: BufferedReader | BytesIO, work: Callable[[bytes], T | None]) -> Sequence[T]:
    """Return what some work makes of whole lines, many at a time, on all cores; () once it returns None."""
    pending: deque[Future[T | None]] = deque()
    done: list[T] = []
    workers = processors()
    with Workers(workers) as pool:
        for lines in _lines(file):
            pending.append(pool.submit(work, lines))
            if len(pending) > 2 * workers and not _collect(pending, done):
                return ()
        while pending:
            if not _collect(pending, done):
                return ()
    return done


def _collect(pending: "deque[Future[T | None]]", done: list[T]) -> bool:
    result = pending.popleft().result()
    if result is not None:
        done.append(result)
    return result is not None


def _by_column(blocks: Sequence[Array], rows: int, width: int) -> Array:
    """Return blocks of rows one below the other, turned: (width, rows)."""
    turned, at = np.empty((width, rows)), 0
    for block in blocks:
        turned[:, at : at + len(block)] = block.T
        at += len(block)
    return turned


def _lines(file: BufferedReader | BytesIO) -> Iterator[bytes]:
    """Yield whole lines, many at a time."""
    rest: list[bytes] = []
    while block := file.read(BLOCK):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join((*rest, block[:cut]))
            rest = [block[cut:]]
        else:
            rest.append(block)
    if any(rest):
        yield b"".join((*rest, b"\n"))


def _parse_block(lines: bytes, delimiter: str, width: int, decimal: Decimal, gaps: Gaps) -> Array | None:
    """Return what some lines hold, (rows, width); a carriage return alone is a line end too, but not here."""
    if decimal == ",":
        if b"." in lines:
            return None
        lines = lines.replace(b",", b".")
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
        if b"\r" in lines:
            return None
    return parse_lines(lines, delimiter, width, gaps)
