"""Columns of a file that are carried through to its predictions, as they are written there.

Knows nothing of models.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nntrain.data.formats.gaps import Gaps
from nntrain.data.sources import SOURCES, Source, reader_of
from nntrain.data.sources.known_columns import open_known, table_source
from nntrain.data.sources.tabular import TableSource
from nntrain.data.sources.whole_file import column_of
from nntrain.data.tables.columns import Column, Kinds, Table, position_of
from nntrain.data.tables.text_table import TextTable
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.errors import DataError


class KeptColumns:
    """Reads columns of the table in a file beside its features: ``take`` returns the texts of the next rows.

    ``names`` are as they were asked for: names of columns, or positions. What is missing is an empty text. DataError
    for a column that is not there, or a file that is no table.
    """

    def __init__(self, path: Path, asked: Sequence[str], own: Source, wanted: WantedColumns) -> None:
        reader = reader_of(path)
        if not issubclass(SOURCES[reader.kind], TableSource):
            raise DataError(f"{path}: --keep {asked[0]}: {reader.what} has no columns to keep")
        source = table_source(path, reader.kind, own, wanted)
        self._table = _without_gaps(open_known(source, path, wanted))
        self._positions = [position_of(column_of(name, self._table), self._table) for name in asked]
        self.names = [self._table.names[p] if self._table.names else str(p) for p in self._positions]
        twice = next((name for name in self.names if self.names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"{path}: --keep: column {twice!r} is named twice")
        self._blocks: Iterator[tuple[Column, ...]] = iter(())
        self._rest: list[list[str]] = []

    def begin(self) -> None:
        """Begin with the first row again."""
        self._rest = [[] for _ in self._positions]
        self._blocks = self._table.blocks(self._positions, Kinds(text=self._positions))

    def take(self, n: int) -> list[list[str]]:
        """Return the texts of each column in the next n rows."""
        while len(self._rest[0]) < n:
            at = {column.position: column for column in next(self._blocks)}
            for rest, position in zip(self._rest, self._positions, strict=True):
                column = at[position]
                texts = np.array([*column.texts, ""], object)  # the last is for what is missing
                rest += texts[column.values].tolist()
        taken = [rest[:n] for rest in self._rest]
        self._rest = [rest[n:] for rest in self._rest]
        return taken


def _without_gaps(table: Table) -> Table:
    """Return a table in which no text stands for a missing value, if its format knows such texts."""
    if not isinstance(table, TextTable):
        return table
    return TextTable(table.path, replace(table.layout, gaps=(Gaps(frozenset()),) * table.layout.width))
