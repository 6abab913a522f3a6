"""Tables of numbers alone, parsed on all cores: by pyarrow where it is installed and pays, else block after block here.

Either way every number is the double nearest to its text. What is no such table is left to others, who say where it is
none. Knows nothing of what columns mean.
"""

import codecs
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import SEEK_END, BufferedReader, BytesIO
from itertools import product
from pathlib import Path

import numpy as np

from nntrain.core.machine import processors
from nntrain.core.types import Array
from nntrain.data.formats.decimals import parse_lines
from nntrain.data.formats.delimited import MISSING, Decimal, Layout
from nntrain.data.formats.files import open_lines, report_read_errors

BLOCK = 1 << 20  # bytes parsed at a time: below it the cost of a call shows, above it nothing is gained (measured)
ARROW_BLOCK = 1 << 20  # likewise by pyarrow, which a block of a single byte can mislead
LARGE = 1 << 23  # bytes from which on importing pyarrow takes less time than it saves (measured)
GAPS = ["".join(letters) for word in sorted(MISSING) for letters in product(*({c, c.upper()} for c in word))]


def read_numbers(path: Path, layout: Layout) -> Sequence[Array] | None:
    """Return the columns of a table, each (n,), if it holds plain numbers alone; None if it does not."""
    if layout.delimiter is None or layout.delimiter == layout.decimal:
        return None
    with open_lines(path) as file, report_read_errors(path):
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        header = file.readline() if layout.header else b""
        if layout.header and (not header.strip() or header.count(b'"') % 2 or b"\r" in header.rstrip(b"\r\n")):
            return None  # the header is not this line alone
        return parse(file, layout.delimiter, layout.width, layout.decimal)


def parse(file: BufferedReader | BytesIO, delimiter: str, width: int, decimal: Decimal = ".") -> Sequence[Array] | None:
    """Return the rest of a file as columns (n,) float64, NaN where a value is missing.

    None when it is no table of so many columns of finite numbers without quotes, or has no rows.
    """
    start = file.tell()
    if file.seek(0, SEEK_END) - start >= LARGE:
        file.seek(start)
        columns = parse_by_arrow(file, delimiter, width, decimal)
        if columns is not None:
            return columns
    file.seek(start)
    return _parse_by_blocks(file, delimiter, width, decimal)


def parse_by_arrow(
    file: BufferedReader | BytesIO, delimiter: str, width: int, decimal: Decimal
) -> Sequence[Array] | None:
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
            csv.ReadOptions(block_size=ARROW_BLOCK, column_names=names),
            csv.ParseOptions(delimiter=delimiter, quote_char=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, float64()), null_values=GAPS, decimal_point=decimal),
        )
    except ArrowInvalid:
        return None
    if not table.num_rows:
        return None
    with ThreadPoolExecutor(max_workers=processors()) as pool:
        columns = list(pool.map(lambda column: column.to_numpy(), table.columns))
        finite = list(pool.map(lambda values: int(np.count_nonzero(np.isfinite(values))), columns))
    return columns if sum(finite) == sum(len(c) - c.null_count for c in table.columns) else None


def _parse_by_blocks(
    file: BufferedReader | BytesIO, delimiter: str, width: int, decimal: Decimal
) -> Sequence[Array] | None:
    """Do what ``parse`` does by whole-array arithmetic."""
    pending: deque[Future[Array | None]] = deque()
    parsed: list[Array | None] = []
    workers = processors()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for lines in _lines(file):
            pending.append(
                pool.submit(_parse_block, lines.replace(b",", b".") if decimal == "," else lines, delimiter, width)
            )
            if len(pending) > 2 * workers:
                parsed.append(pending.popleft().result())
                if parsed[-1] is None:
                    break
        parsed += [future.result() for future in pending]
    blocks = [block for block in parsed if block is not None]
    rows = sum(map(len, blocks))
    return list(_by_column(blocks, rows, width)) if rows and len(blocks) == len(parsed) else None


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


def _parse_block(lines: bytes, delimiter: str, width: int) -> Array | None:
    """Return what some lines hold, (rows, width); a carriage return alone is a line end too, but not here."""
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
        if b"\r" in lines:
            return None
    return parse_lines(lines, delimiter, width)
