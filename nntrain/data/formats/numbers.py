"""Tables of numbers alone, parsed block after block on all cores: by pyarrow where it is installed and pays, else here.

Either way every number is the double nearest to its text. What is no such table is left to others, who say where it is
none. Knows nothing of what columns mean.
"""

import codecs
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import SEEK_END, BufferedIOBase
from itertools import product
from pathlib import Path
from typing import TypeAlias

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.decimals import parse_lines
from nntrain.data.formats.files import open_lines, reading
from nntrain.data.formats.table import MISSING, Layout

BLOCK = 1 << 20  # bytes parsed at a time: below it the cost of a call shows, above it nothing is gained (measured)
LARGE = 1 << 23  # bytes from which on importing pyarrow takes less time than it saves (measured)
LONGEST = 1 << 30  # bytes that pyarrow takes at a time: it counts them in 32 bits
GAPS = ["".join(letters) for word in sorted(MISSING) for letters in product(*({c, c.upper()} for c in word))]
Parser: TypeAlias = Callable[[bytes, str, int], Array | None]


def read_numbers(path: Path, layout: Layout) -> Array | None:
    """Return a whole table (n, width) if it holds numbers alone; None if it does not, or is written otherwise."""
    if layout.delimiter is None:
        return None
    with open_lines(path) as file, reading(path):
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        header = file.readline() if layout.header else b""
        if layout.header and (not header.strip() or header.count(b'"') % 2):
            return None
        return parse(file, layout.delimiter, layout.width)


def parse(file: BufferedIOBase, delimiter: str, width: int) -> Array | None:
    """Return the rest of a file as (n, width) float64, NaN where a value is missing.

    None when it is no table of so many columns of finite numbers without quotes, or has no rows.
    """
    parsers = _parsers(file)
    pending: deque[Future[Array | None]] = deque()
    parsed: list[Array | None] = []
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for lines in _lines(file):
            pending.append(pool.submit(_first, parsers, lines, delimiter, width))
            if len(pending) > 2 * workers:
                parsed.append(pending.popleft().result())
                if parsed[-1] is None:
                    break
        parsed += [future.result() for future in pending]
    blocks = [block for block in parsed if block is not None]
    return np.concatenate(blocks) if sum(map(len, blocks)) and len(blocks) == len(parsed) else None


def _parsers(file: BufferedIOBase) -> Sequence[Parser]:
    """Return what parses the rest of a file: each takes what those before it leave."""
    start = file.tell()
    size = file.seek(0, SEEK_END) - start
    file.seek(start)
    if size < LARGE:
        return (parse_lines,)
    try:
        import pyarrow.csv  # noqa: F401
    except ImportError:
        return (parse_lines,)
    return (parse_by_arrow, parse_lines)


def _lines(file: BufferedIOBase) -> Iterator[bytes]:
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


def _first(parsers: Sequence[Parser], lines: bytes, delimiter: str, width: int) -> Array | None:
    """Return what the first parser that can makes of some lines; None if none can.

    A carriage return alone is a line end too, but not here.
    """
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
        if b"\r" in lines:
            return None
    tried = (parser(lines, delimiter, width) for parser in parsers)
    return next((block for block in tried if block is not None), None)


def parse_by_arrow(lines: bytes, delimiter: str, width: int) -> Array | None:
    """Do with pyarrow what ``parse_lines`` does; None in more cases, such as a number within quotes."""
    from pyarrow import ArrowInvalid, csv, float64, py_buffer

    if lines.startswith(codecs.BOM_UTF8) or len(lines) > LONGEST:  # it would pass over the mark
        return None
    names = list(map(str, range(width)))
    try:
        table = csv.read_csv(
            py_buffer(lines),
            csv.ReadOptions(use_threads=False, block_size=len(lines), column_names=names),
            csv.ParseOptions(delimiter=delimiter, quote_char=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, float64()), null_values=GAPS),
        )
    except ArrowInvalid:
        return None
    values = np.array([column.to_numpy() for column in table.columns]).T
    gaps = sum(column.null_count for column in table.columns)
    return values if np.count_nonzero(np.isfinite(values)) == values.size - gaps else None
