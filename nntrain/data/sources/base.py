"""What a data source is, the registry they enter, and how their files are recognised.

To add one: one class in a file of this folder. Knows nothing of the sources themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from nntrain.core.registry import Registry
from nntrain.core.types import Array
from nntrain.data.dataset import Raw
from nntrain.data.formats.files import is_gzip
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.formats.signatures import first_bytes, refuse_foreign
from nntrain.data.tables.columns import Table
from nntrain.data.tables.row_columns import RowColumns
from nntrain.errors import DataError


class Source(Protocol):
    """Where examples come from: a frozen dataclass of settings that can load them."""

    formula: ClassVar[str]

    @property
    def kind(self) -> str:
        """Name in a spec."""
        ...

    def load(self, seed: int) -> Raw:
        """Return all examples unscaled and unsplit; the seed matters to sources that draw. DataError when it fails."""
        ...


@runtime_checkable
class HasColumns(Protocol):
    """A source whose columns, or arrays, have names: it can say more of its rows."""

    def load_with(self, seed: int, columns: RowColumns) -> Raw:
        """Return what ``load`` returns, and what these columns say of the rows. DataError when it fails."""
        ...


SOURCES: Registry[Source] = Registry("sources", "source")


@dataclass(frozen=True, slots=True)
class Reader:
    """How the files of a kind of source are recognised, and opened for inputs: as a table, or as an array (n, …).

    ``recognises`` judges the first bytes, unpacked where they are gzip. ``suffixes`` count where no bytes decide.
    ``source`` makes the source of every row of a file that is no table, from its path, the names that a user gives its
    targets (None where a model predicts none), and the source of a run whose settings it shall have. Without it the
    source takes the path alone.
    """

    kind: str
    what: str
    open: Callable[[Path], Table | Array | OnDisk]
    packed: bool = False  # whether it reads files packed by gzip as they are
    suffixes: tuple[str, ...] = ()
    recognises: Callable[[bytes], bool] = lambda head: False
    source: Callable[[Path, Sequence[str] | None, Source | None], Source] | None = None

    def source_of(self, path: Path, targets: Sequence[str] | None, own: Source | None) -> Source:
        """Return the source of every row of a file. DataError for targets that are missing or out of place."""
        if self.source is not None:
            return self.source(path, targets, own)
        if targets:
            raise DataError(f"{path}: {self.what} holds its own labels; name no target, got {targets[0]!r}")
        kind: Any = SOURCES[self.kind]
        made: Source = kind(path=path)
        return made


READERS: dict[str, Reader] = {}  # by kind; each source enters its own
OTHERWISE = "csv"  # what a file is taken for that nothing else recognises


def enter(reader: Reader) -> None:
    """Add a reader to the one map from files to what reads them."""
    READERS[reader.kind] = reader


def reader_of(path: Path) -> Reader:
    """Return what reads a file, by its first bytes, else by its suffix; DataError for a format that is not read."""
    head = first_bytes(path)
    readers = [READERS[kind] for kind in SOURCES if kind in READERS]
    found = next((reader for reader in readers if reader.recognises(head)), None)
    if found is not None:
        if not found.packed and is_gzip(path):
            raise DataError(f"{path}: is {found.what} packed by gzip; unpack it")
        return found
    refuse_foreign(path, head)
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return next((reader for reader in readers if suffix in reader.suffixes), READERS[OTHERWISE])


def check_kind(path: Path, kind: str) -> None:
    """Refuse a file whose first bytes say that another kind of source reads it, or none."""
    found = reader_of(path)
    if found.kind != kind and found.recognises(first_bytes(path)):
        raise DataError(f"{path}: is {found.what}; set data.source.kind: {found.kind}")
