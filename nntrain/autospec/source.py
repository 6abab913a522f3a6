"""Guesses the source that reads a file or folder from its name and content, with reasons. Knows nothing of networks."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nntrain.autospec.roles import Roles, guess_roles
from nntrain.autospec.written_columns import add_spelling, refuse_amounts
from nntrain.autospec.yaml_lines import Line
from nntrain.data.describe.column_facts import ColumnFacts, facts_of
from nntrain.data.describe.column_words import column_name, join_words
from nntrain.data.formats.npy import Npz
from nntrain.data.formats.sniffer import sniff
from nntrain.data.sources import READERS, SOURCES, cifar, reader_of
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.columns import Table, named, position_of
from nntrain.data.text import choices, quoted
from nntrain.errors import DataError, SpecError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
IDX_FILE = re.compile(r"(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")
INPUTS = ("X", "x", "X_train", "x_train", "data", "images", "features", "train_images")
TARGETS = ("y", "Y", "y_train", "labels", "label", "target", "targets", "train_labels")
TEST_INPUTS = ("X_test", "x_test", "test_images", "test_data")
TEST_TARGETS = ("y_test", "Y_test", "test_labels", "test_targets")


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What the user gives: a file or folder, a second file for testing, and the target column by name or position."""

    path: Path
    test: Path | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The keys of a source with their reasons, and (label, text) messages on what was guessed."""

    lines: Sequence[Line]
    messages: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()  # on how the file was read, before the keys said so

    @property
    def values(self) -> Mapping[str, Any]:
        """The keys of the source with their values."""
        return {line.key: line.value for line in self.lines}


def find_source(request: DataRequest) -> Found:
    """Guess the source of a file. DataError if it cannot be read; SpecError for what its format cannot provide."""
    path = request.path
    if path.is_dir():
        return _folder(request)
    if IDX_FILE.fullmatch(path.name):
        return _idx(request)
    kind = reader_of(path).kind
    return _FINDERS[kind](request) if kind in _FINDERS else _table(request, kind)


# --- tables ----------------------------------------------------------------------------------------------------------


def _csv(request: DataRequest) -> Found:
    layout = sniff(request.path)
    delimiter = layout.delimiter or " "
    header = (
        "the first line holds the names of the columns" if layout.header else "the first line holds values, not names"
    )
    lines = [
        Line("kind", "csv", "a table of text"),
        Line("path", request.path),
        Line("delimiter", delimiter, f"{DELIMITERS[delimiter]} separate the values"),
        Line("header", layout.header, header),
    ]
    certain = [style for k, style in enumerate(layout.styles) if k not in layout.doubtful]
    if any(style.decimal == "," for style in certain):
        lines.append(Line("decimal", ",", "numbers are written with a decimal comma, such as 1,5"))
    return _columns(request, Csv(path=request.path).open(request.path, None), lines)


def _columns(request: DataRequest, table: Table, lines: list[Line]) -> Found:
    """Add the lines that are guessed from the columns."""
    target = None if request.target is None else position_of(_column_key(request.target, table.names), table)
    usable = [p for p in range(table.width) if p == target or p not in {*table.unusable, *table.left_out}]
    numbers = [facts_of(column) for column in table.columns(usable)]
    columns = add_spelling(table, numbers)
    roles = guess_roles(columns, target=target, named=bool(table.names))
    roles = replace(roles, ignored={**table.unusable, **roles.ignored})
    refuse_amounts(next(item for item in columns if item.position == roles.target), table)
    columns = [a if a.position == roles.target else b for a, b in zip(columns, numbers, strict=True)]
    gaps = [column for column in columns if column.missing and column.position not in roles.ignored]
    key = _key(roles.target, table)
    if request.test is not None:
        lines.append(Line("test", request.test, "the rows of this file are used only for the final score"))
    lines.append(Line("target", _last(key, table), roles.target_why))
    if roles.ignored:
        keys = [_key(position, table) for position in roles.ignored]
        reasons = "; ".join(dict.fromkeys(roles.ignored.values()))
        lines.append(Line("ignore", keys, reasons))
    lines.append(Line("task", roles.task, roles.task_why))
    if gaps:
        lines.append(_missing(gaps, roles))
    notes = [note.replace(str(request.path), str(request.path.absolute()), 1) for note in table.notes]  # as a spec's
    return Found(lines, _messages(table, columns, roles, gaps), notes)


def _last(key: str | int, table: Table) -> str | int:
    """Return -1 for the last position, which is clearer than its number."""
    return -1 if key == table.width - 1 else key


def _missing(gaps: Sequence[ColumnFacts], roles: Roles) -> Line:
    places = join_words([f"{column.missing:,} in {column_name(column)}" for column in gaps])
    if any(column.position == roles.target for column in gaps):
        return Line("missing", "drop", f"{places}; a missing target cannot be filled in, so these rows are left out")
    return Line("missing", "mean", f"{places}; filled with the mean, or the most frequent text, of the training rows")


def _messages(
    table: Table, columns: Sequence[ColumnFacts], roles: Roles, gaps: Sequence[ColumnFacts]
) -> Sequence[tuple[str, str]]:
    texts = sum(column.is_text for column in columns)
    kinds = f"{texts} of them text" if texts else "all numbers"
    target = next(column for column in columns if column.position == roles.target)
    messages = [
        ("data", f"{columns[0].rows:,} rows, {table.width} columns, {kinds}"),
        ("target", f"{column_name(target)}, {roles.target_why}"),
        ("task", f"{roles.task}: {roles.task_why}"),
    ]
    messages += [("left out", f"{named(table, position)}: {why}") for position, why in table.left_out.items()]
    for position, why in roles.ignored.items():
        name = table.names[position] if table.names else ""
        messages.append(("left out", f"{quoted(name)[1:-1] if name else f'column {position}'}: {why}"))
    if gaps:
        line = _missing(gaps, roles)
        messages.append(("missing", line.why))
    return messages


def _key(position: int, table: Table) -> str | int:
    """Return how a spec refers to a column: by its name if no other has it, else by position."""
    name = table.names[position] if table.names else ""
    return name if name and table.names.count(name) == 1 else position


def _column_key(text: str, names: Sequence[str]) -> str | int:
    """Return the column that the user gave: a name if there is such a column, else a position if it is a number."""
    return int(text) if text not in names and text.removeprefix("-").isdecimal() else text


def _table(request: DataRequest, kind: str) -> Found:
    """Return the source of a table whose format gives names and types of its columns."""
    source: Any = SOURCES[kind]
    lines = [Line("kind", kind, READERS[kind].what), Line("path", request.path)]
    return _columns(request, source(path=request.path).open(request.path, None), lines)


# --- arrays and images -----------------------------------------------------------------------------------------------


def _folder(request: DataRequest) -> Found:
    """Return the source of a folder with the files of MNIST or CIFAR-10."""
    names = sorted(entry.name for entry in request.path.iterdir())
    if any(fnmatch(name, cifar.TRAIN) for name in names):
        return _cifar(request)
    if not any(IDX_FILE.fullmatch(name) for name in names):
        raise DataError(
            f"{request.path}: holds no train-images-idx3-ubyte or data_batch_1.bin; give the path of a file in it"
        )
    return _idx(request)


def _idx(request: DataRequest) -> Found:
    _refuse(request, "idx files", test=True)
    folder = request.path if request.path.is_dir() else request.path.parent
    why = "the files of MNIST: images and labels, train and t10k"
    return Found([Line("kind", "idx", why), Line("path", folder)])


def _cifar(request: DataRequest) -> Found:
    _refuse(request, "CIFAR records", test=False)
    test = [] if request.test is None else [Line("test", request.test, "its images are used only for the final score")]
    return Found([Line("kind", "cifar", "CIFAR-10's binary records"), Line("path", request.path), *test])


def _npz(request: DataRequest) -> Found:
    _refuse(request, "an npz archive", test=True)
    members = tuple(Npz(request.path).members)
    lines = [
        Line("kind", "npz", f"arrays {', '.join(quoted(name)[1:-1] for name in members)}"),
        Line("path", request.path),
    ]
    for key, names in (("X", INPUTS), ("y", TARGETS), ("X_test", TEST_INPUTS), ("y_test", TEST_TARGETS)):
        found = next((name for name in names if name in members), None)
        if found is None and key in ("X", "y"):
            raise DataError(f"{request.path}: no array '{key}'{choices(key, members)}")
        if found not in (None, key):
            lines.append(Line(key, found, "the name of this array in the file"))
    return Found(lines)


def _npy(request: DataRequest) -> Found:
    _refuse(request, "npy files", test=True)
    targets = _beside(request.path)
    if targets is None:
        raise DataError(
            f"{request.path}: there is no file of targets beside it, such as y.npy beside X.npy; write a spec by hand"
        )
    lines = [
        Line("kind", "npy", "NumPy arrays"),
        Line("X", request.path),
        Line("y", targets, "the targets that belong to these inputs"),
    ]
    test = Path(str(request.path.parent), request.path.name.replace("train", "test"))
    test = test if test != request.path else request.path.with_name(f"{request.path.stem}_test.npy")
    test_targets = _beside(test) if test.exists() else None
    if test_targets is not None:
        lines += [Line("X_test", test, "used only for the final score"), Line("y_test", test_targets)]
    return Found(lines)


def _beside(path: Path) -> Path | None:
    """Return the file of targets that belongs to a file of inputs, such as y_train.npy to X_train.npy."""
    names = [
        re.sub(rf"(?<![a-zA-Z]){word}(?![a-zA-Z])", other, path.name)
        for word, other in (("X", "y"), ("x", "y"), ("images", "labels"), ("features", "targets"), ("data", "labels"))
    ]
    return next((path.with_name(name) for name in names if name != path.name and path.with_name(name).exists()), None)


def _refuse(request: DataRequest, what: str, *, test: bool) -> None:
    """Raise SpecError for options that apply only to tables."""
    if request.target is not None:
        raise SpecError(f"--target: applies only to tables, got '{request.target}' with {what}")
    if test and request.test is not None:
        raise SpecError(f"--test-data: applies only to tables, got '{request.test}' with {what}")


_FINDERS: Mapping[str, Callable[[DataRequest], Found]] = {
    "csv": _csv,
    "npz": _npz,
    "npy": _npy,
    "idx": _idx,
    "cifar": _cifar,
}
