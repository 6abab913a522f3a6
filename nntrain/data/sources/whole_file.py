"""A file that a trained model is scored on as a whole: which source reads it, and which groups its rows are in.

Knows nothing of splits or scaling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.data.formats.files import report_read_errors
from nntrain.data.sources.base import SOURCES, Source, reader_of
from nntrain.data.sources.known_columns import open_known, table_source
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.columns import Kinds, Table, position_of
from nntrain.data.tables.labels import as_number
from nntrain.data.tables.row_columns import NO_COLUMNS, RowColumns
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.errors import DataError

MOST_GROUPS = 1000  # of a column; if there are more, it holds numbers or names rather than groups
NONE = "(missing)"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The group of each row: ``codes`` (n,) are indices into ``names``, the values of ``column``."""

    column: str
    names: Sequence[str]
    codes: Array


def source_of_file(
    path: Path, targets: Sequence[str], own: Source, wanted: WantedColumns, columns: RowColumns = NO_COLUMNS
) -> Source:
    """Return the source of every row of a file, read as ``own``, that of a run, would be.

    ``targets`` say what is to be predicted, unless that is found as in training: names or positions of columns, the
    name of an array in an npz archive, or the file that holds the targets of other arrays. ``columns`` are no features.
    DataError for what is not there.
    """
    with report_read_errors(path):
        if path.is_dir():
            raise DataError(f"{path}: is a folder; name the file in it whose rows are to be scored")
    reader = reader_of(path)
    if not issubclass(SOURCES[reader.kind], TableSource):
        predicts = targets or wanted.task != "reconstruction"
        return reader.source_of(path, targets if predicts else None, own)
    source: Any = table_source(path, reader.kind, own, wanted, columns=columns)
    if targets:
        table = open_known(source, path, wanted)
        names = [column_of(name, table) for name in targets]
        source = table_source(path, reader.kind, own, wanted, names, columns)
    made: Source = source
    return made


def groups_of(source: Source, split: str, column: str, rows: Array, wanted: WantedColumns) -> Groups:
    """Return the groups that a column of the source's table divides these of its rows into, in order of their names.

    DataError where the data are no table, or the column is not there or holds no groups.
    """
    if not isinstance(source, TableSource):
        raise DataError(f"--by: groups are the values of a column of a table, the data are {source.kind}")
    path = source.test if split == "test" and source.test is not None else source.path
    table = open_known(source, path, wanted)
    position = position_of(column_of(column, table), table)
    (found,) = table.columns([position], Kinds(text=[position]))
    codes = found.values[rows]
    there = np.unique(codes)
    if len(there) > MOST_GROUPS:
        most = f"more than {MOST_GROUPS} different values in the rows that are scored"
        raise DataError(f"{path}: --by: column '{column}' has {most}, so they are no groups")
    order = sorted((int(code) for code in there if code >= 0), key=lambda code: _rank(found.texts[code]))
    place = np.full(len(found.texts) + 1, len(order))  # the last is for what is missing
    place[order] = np.arange(len(order))
    names = [found.texts[code] for code in order] + ([NONE] if there[0] < 0 else [])
    return Groups(found.name or column, names, place[codes])


def column_of(name: str, table: Table) -> str | int:
    """Return a column as a user types it: a name of the table, else a position; by its name where it has one."""
    if name in table.names or not name.removeprefix("-").isdecimal():
        return name
    position = position_of(int(name), table)
    return table.names[position] if table.names else position


def _rank(text: str) -> tuple[int, float, str]:
    """Return what orders the values of a column: numbers as numbers before other texts."""
    number: Any = as_number(text)
    return (0, number, text) if number is not None and number == number else (1, 0.0, text)
