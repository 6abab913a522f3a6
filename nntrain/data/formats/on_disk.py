"""Arrays that stay in their file: rows are read when they are asked for, in bounded memory.

They are read, not mapped: what a process holds stays small, and a file cut short is an error instead of a crash. The
file must stay as it was when it was opened first: each reading compares its stamp before and after. Knows nothing of
formats, batches or scaling.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.files import Stamp, report_read_errors
from nntrain.errors import DataError

SPARSE = 8  # a span with at least one wanted row in so many is read whole
LONG = 16  # rows in a run, on the average, from which each run is read straight to its place
PIECE = 1 << 22  # bytes read at a time when all of it is wanted once


@dataclass(frozen=True, slots=True, eq=False)
class OnDisk:
    """Rows (n, d) of a file of numbers in row order; indexing and ``take`` give them in native byte order.

    ``stored`` is the dtype in the file, ``offset`` where its ``total`` rows of ``width`` numbers begin; ``chosen`` the
    row numbers that count, ascending, None for all; ``stamp`` is the file's when it was opened first.
    """

    path: Path
    offset: int
    total: int
    width: int
    stored: np.dtype[Any]
    stamp: Stamp
    chosen: Array | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numbers' type in native byte order."""
        return self.stored.newbyteorder("=")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), self.width

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.width * self.stored.itemsize

    def __len__(self) -> int:
        return self.total if self.chosen is None else len(self.chosen)

    def __getitem__(self, rows: slice | Array) -> Array:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            rows = np.arange(start, stop, step)
        out = np.empty((len(rows), self.width), self.dtype)
        return self.take(rows, 0, out)

    def select(self, rows: Array) -> "OnDisk":
        """Return the array of these rows, ascending."""
        return replace(self, chosen=rows if self.chosen is None else self.chosen[rows])

    def pieces(self) -> Iterator[Array]:
        """Yield all rows in order, some at a time."""
        rows = max(1, PIECE // self.row_bytes)
        for start in range(0, len(self), rows):
            yield self[start : start + rows]

    def take(self, rows: Array, axis: int, out: Array, mode: str = "clip") -> Array:
        """Read the rows of these numbers into ``out`` as NumPy's ``take`` does; DataError when the file has changed."""
        wanted = rows if self.chosen is None else self.chosen[rows]
        with report_read_errors(self.path), self.path.open("rb", buffering=0) as file:
            self._refuse_change(file.fileno())
            runs = _runs(wanted)
            if len(wanted) >= LONG * len(runs):
                self._read_runs(file.fileno(), wanted, runs, out)
            else:
                self._gather(file.fileno(), wanted, out)
            self._refuse_change(file.fileno())
        return out

    def _refuse_change(self, file: int) -> None:
        if Stamp.of(file) != self.stamp:
            raise DataError(f"{self.path}: has changed since this run began; bring back what it held, and resume")

    def _read_runs(self, file: int, wanted: Array, runs: Sequence[slice], out: Array) -> None:
        """Read run after run: whole ones straight to their places, others with what lies between their rows."""
        longest = max((int(wanted[run.stop - 1] - wanted[run.start]) + 1 for run in runs), default=0)
        scratch = np.empty((longest, self.width), self.dtype)  # touched only as far as it is used
        for run in runs:
            rows, first = wanted[run], int(wanted[run.start])
            count = int(rows[-1]) - first + 1
            if count == len(rows):
                self._read(file, first, out[run])
            else:
                self._read(file, first, scratch[:count])
                scratch.take(rows - first, 0, out[run], "clip")

    def _gather(self, file: int, wanted: Array, out: Array) -> None:
        order = np.argsort(wanted, kind="stable")
        ascending = wanted[order]
        gaps = np.flatnonzero(np.diff(ascending) > SPARSE) + 1
        for places in np.split(np.arange(len(order)), gaps):
            if len(places):
                first, last = int(ascending[places[0]]), int(ascending[places[-1]])
                span = np.empty((last - first + 1, self.width), self.dtype)
                self._read(file, first, span)
                out[order[places]] = span[ascending[places] - first]

    def _read(self, file: int, first: int, out: Array) -> None:
        """Read consecutive rows from number ``first`` on."""
        direct = self.stored.isnative and out.dtype == self.stored and out.flags.c_contiguous
        target = out if direct else np.empty(out.shape, self.stored)
        view, at = target.reshape(-1).view(np.uint8).data, self.offset + first * self.row_bytes
        while view:
            count = os.preadv(file, [view], at)
            if not count:
                raise DataError(f"{self.path}: has become shorter while it was read")
            view, at = view[count:], at + count
        if target is not out:
            out[...] = target


def _runs(rows: Array) -> list[slice]:
    """Return where row numbers ascend with few rows between them."""
    steps = np.diff(rows)
    starts = [0, *(np.flatnonzero((steps < 1) | (steps > SPARSE)) + 1).tolist(), len(rows)]
    return [slice(a, b) for a, b in pairwise(starts) if a < b]
