"""Data read as a trained model knows them: the same task, features and targets, those of a table by their names.

Knows nothing of splits or scaling.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nntrain.data.dataset import Raw
from nntrain.data.formats.delimited import records
from nntrain.data.sources.base import SOURCES, HasColumns, Source, check_kind
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.column_names import place_of_names
from nntrain.data.tables.columns import Kinds, Table, position_of
from nntrain.data.tables.row_columns import NO_COLUMNS, ROW_KEYS, RowColumns
from nntrain.data.tables.text_table import TextTable
from nntrain.data.tables.used_rows import Roles
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.data.text import quoted
from nntrain.errors import DataError


def load_known(source: Source, seed: int, wanted: WantedColumns, columns: RowColumns = NO_COLUMNS) -> Raw:
    """Return what ``source.load`` returns, for the task and with the columns, in order and kind, that the model has.

    The columns of a table are found by name if the model and the file have names, else as the source's own settings
    say. ``columns`` say something of the rows if they are there. DataError for columns that are missing or do not fit.
    """
    settings: Any = source
    if getattr(source, "task", None) == "auto" and wanted.task != "reconstruction":
        settings = replace(settings, task=wanted.task)
    raw: Raw = (
        _load_table(settings, seed, wanted, columns)
        if isinstance(settings, TableSource)
        else settings.load_with(seed, columns)
        if columns and isinstance(settings, HasColumns)
        else settings.load(seed)
    )
    if wanted.task != "reconstruction" and (raw.task == "classification") != bool(wanted.class_names):
        want, got = ("classes", "numbers") if wanted.class_names else ("numbers", "classes")
        raise DataError(f"data: the model predicts {want}, the target column holds {got}")
    _check_width(raw.train.X.shape[1], wanted)
    k = raw.train.y.shape[1:]
    if wanted.n_targets is not None and k and k != (wanted.n_targets,):
        raise DataError(f"data: {k[0]} target columns, the model predicts {wanted.n_targets}")
    return raw


def _load_table(source: TableSource, seed: int, wanted: WantedColumns, columns: RowColumns) -> Raw:
    check_kind(source.path, source.kind)
    table = open_known(source, source.path, wanted)
    if not wanted.columns or not table.names:
        roles = placed_roles(source, table, wanted, columns) or source.roles(table, columns)
        _check_width(len(roles.features), wanted)
        placed = f"{table.path}: columns have the places that they had in training"
        placed_notes = [placed] if wanted.columns else []
        return source.load_roles(seed, table, roles, _kinds(roles, wanted), placed_notes)
    targets = _target_names(source, table, wanted)
    found = wanted.find(table, targets)
    split, key = (None if c is None else position_of(c, table) for c in (source.split, source.key))
    of_rows = [_position(columns.keys.get(name), table) for name in ROW_KEYS]
    for position in (split, key, *of_rows):
        if position is not None and position in (*found.features, *found.targets):
            name = quoted(table.names[position])
            where = place_of_names(table)
            raise DataError(f"{where}: column {position}, {name}, divides the rows, and the model takes it")
    dividing = {table.names[p] for p in (split, key, *of_rows) if p is not None}
    ignored = {name for c in (*source.ignore, *table.left_out) for name in _names_of(c, table)}
    roles = Roles(found.targets, found.features, (), split, key, *of_rows)
    lost = columns.weights is not None and roles.weights is None
    unweighted = (f"{table.path}: has no column {columns.weights}, so each row counts 1 in the cost",) if lost else ()
    others = wanted.describe_others(found.others, {*dividing, *ignored, *targets}, str(table.path))
    notes = (*found.notes, *unweighted, *others)
    return source.load_roles(seed, table, roles, _kinds(roles, wanted), notes)


def _position(column: str | int | None, table: Table) -> int | None:
    """Return the position of a column of a table with names, None where it is not there."""
    names = [] if column is None else _names_of(column, table)
    return position_of(names[0], table) if names else None


def open_known(source: TableSource, path: Path, wanted: WantedColumns) -> Table:
    """Open a table; a first row with all the model's names is a header, whatever stands below."""
    table = source.open_for(path, wanted.columns)
    settings: Any = source
    if isinstance(table, TextTable) and not table.names and settings.header is None:
        _, first = next(records(path, table.layout.delimiter))
        if wanted.is_header(first):
            source = replace(settings, header=True)
            return source.open(path, None)
    return table


def table_source(
    path: Path,
    kind: str,
    own: Source | None,
    wanted: WantedColumns,
    targets: Sequence[str | int] = (),
    columns: RowColumns = NO_COLUMNS,
) -> TableSource:
    """Return the source that reads the table in a file as that of a run would; its rows are not divided.

    Its settings are those of ``own``, that of the run, where it is of this kind and they find the model's columns, else
    they are found out. A header is found out, unless the run has none: new files may come without. ``targets`` take the
    place of the model's.
    """
    names: Any = tuple(targets) or (tuple(wanted.targets) if wanted.targets else ())
    found: Any = SOURCES[kind](path=path)  # type: ignore[call-arg]  # every table has a path
    source: TableSource
    if not isinstance(own, TableSource):
        source = replace(found, target=names or None)
        return source.settle_target(predicts=wanted.task != "reconstruction")
    target = names or own.target if wanted.task != "reconstruction" else names or own.target or ()
    settings: Any = replace(own, path=path, test=None, split=None, key=None, target=target)
    dividing = tuple(column for column in (own.split, own.key) if column is not None)
    ignore = (*own.ignore, *dividing)
    if own.kind != kind:
        source = replace(found, ignore=ignore, missing=own.missing, na=own.na, task=own.task, target=names or None)
        return source.settle_target(predicts=wanted.task != "reconstruction")
    source = settings = replace(settings, ignore=ignore)
    if hasattr(settings, "header"):
        source = replace(settings, header=None) if settings.header else settings
        other = replace(found, ignore=ignore, missing=own.missing, na=own.na, task=own.task, target=target)
        if not _fits(source, wanted, columns) and _fits(other, wanted, columns):
            return other
    return source


def _fits(source: TableSource, wanted: WantedColumns, columns: RowColumns) -> bool:
    """Return whether a table that is read with these settings has the model's columns."""
    try:
        table = open_known(source, source.path, wanted)
    except DataError:
        return False
    return wanted.fits(table) or (not table.names and placed_roles(source, table, wanted, columns) is not None)


def placed_roles(source: TableSource, table: Table, wanted: WantedColumns, columns: RowColumns) -> Roles | None:
    """Return the roles of columns that are known by their places, as in training; None where they do not fit."""
    places = None if table.names else wanted.places(table.width)
    if places is not None:
        features, own = places
        known = {name: position for position, name in enumerate(wanted.table)}
        weights = known.get(str(columns.weights))
        return Roles(_placed_targets(source, wanted, own), features, (), None, None, None, None, weights)
    if wanted.task == "reconstruction" and table.width == wanted.width:
        return Roles((), tuple(range(table.width)), (), None, None)
    try:
        roles = source.roles(table, columns)
    except DataError:
        return None
    return roles if len(roles.features) == wanted.width else None


def _placed_targets(source: TableSource, wanted: WantedColumns, own: tuple[int, ...]) -> tuple[int, ...]:
    """Return the positions of the targets that the source names, if the table of training has them, else ``own``."""
    asked = source.targets
    at = {name: position for position, name in enumerate(wanted.table)}
    if set(asked) == set(wanted.targets) or not all(isinstance(c, int) or c in at for c in asked):
        return own
    return tuple(at[c] if isinstance(c, str) else c % len(at) for c in asked)


def _names_of(column: str | int, table: Table) -> Sequence[str]:
    """Return the name of a column that is told by name or position, if there is such a column."""
    if isinstance(column, int):
        return [table.names[column]] if -table.width <= column < table.width else []
    return [column] if column in table.names else []


def _target_names(source: TableSource, table: Table, wanted: WantedColumns) -> Sequence[str]:
    """Return the targets to be scored: those that the source names if they are there, else the model's."""
    asked = source.targets
    named = [column for column in asked if isinstance(column, str)]
    if len(named) == len(asked) and set(named) <= set(table.names):
        return named
    if wanted.task == "reconstruction":
        return [name for name in wanted.targets if name in table.names]
    return wanted.targets


def _kinds(roles: Roles, wanted: WantedColumns) -> Kinds:
    """Return the kinds of the features as in training; that of the targets is found out."""
    return replace(wanted.kinds(roles.features), strict=roles.targets)


def _check_width(width: int, wanted: WantedColumns) -> None:
    if width != wanted.width:
        raise DataError(f"data: {width} features, the model takes {wanted.width}")
