"""A parsed spec with the place of every key and value, so that each complaint can point at its cause.

Knows neither YAML nor pydantic: ``yaml_tree`` builds the trees, ``merge`` merges them, ``explain`` points into them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

MAX_DEPTH = 20
MAX_LINE = 1000  # characters of a message


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text comes from: a file or one ``--set``. Problems are sorted by ``rank``; paths count from ``base``."""

    name: str
    base: Path
    rank: int = 0
    is_file: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """One place. Line and column count from 1; they mean nothing where the origin is not a file."""

    origin: Origin
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.origin.name}:{self.line}:{self.column}" if self.origin.is_file else self.origin.name


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, the dotted path of the value (may be empty), and what is wrong with it."""

    mark: Mark
    path: str
    text: str

    def __str__(self) -> str:
        repeats = not self.path or self.mark.origin.name in (f"--set {self.path}", f"--over {self.path}")
        line = f"{self.mark}: {self.text}" if repeats else f"{self.mark}: {self.path}: {self.text}"
        line = line if len(line) <= MAX_LINE else line[:MAX_LINE] + "…"
        return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)

    @property
    def order(self) -> tuple[int, int, int, str]:
        return (self.mark.origin.rank, self.mark.line, self.mark.column, self.path)


class Broken:
    """Stands for a value that has a problem already; further problems of it are not reported."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text, number, boolean or null; ``value`` is a ``Broken`` where the text could not be understood."""

    mark: Mark
    value: Any


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    mark: Mark
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """The value of one key, and the place of the key."""

    mark: Mark
    node: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and their values, in the order written."""

    mark: Mark
    entries: dict[str, Entry] = field(default_factory=dict)

    def get(self, key: str) -> "Node | None":
        return self.entries[key].node if key in self.entries else None

    def with_entry(self, key: str, entry: Entry) -> "Mapping":
        return Mapping(self.mark, {**self.entries, key: entry})


Node: TypeAlias = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """Return the values without their places: dicts, lists and scalars."""
    match node:
        case Mapping(entries=entries):
            return {key: plain(entry.node) for key, entry in entries.items()}
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Scalar(value=value):
            return value


def tree_of(value: Any, mark: Mark, depth: int = MAX_DEPTH) -> Node:
    """Return a tree of plain values, all at one place; what lies deeper than ``depth`` is ``Broken``."""
    if isinstance(value, dict | list) and depth == 0:
        return Scalar(mark, Broken())
    if isinstance(value, dict):
        return Mapping(mark, {str(key): Entry(mark, tree_of(below, mark, depth - 1)) for key, below in value.items()})
    if isinstance(value, list):
        return Sequence(mark, tuple(tree_of(item, mark, depth - 1) for item in value))
    return Scalar(mark, value)


def scalars(node: Node) -> Iterator[Scalar]:
    """Yield every scalar in the order written."""
    match node:
        case Mapping(entries=entries):
            for entry in entries.values():
                yield from scalars(entry.node)
        case Sequence(items=items):
            for item in items:
                yield from scalars(item)
        case Scalar():
            yield node


def is_broken(node: Node) -> bool:
    """Whether a problem was already found somewhere inside."""
    return any(isinstance(scalar.value, Broken) for scalar in scalars(node))


def spell_out(node: Node) -> Node:
    """Return ``{kind: name}`` for a bare name, anything else as it is."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return Mapping(node.mark, {"kind": Entry(node.mark, node)})
    return node
