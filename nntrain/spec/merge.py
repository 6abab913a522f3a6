"""One tree from several texts: a file, the files it extends, and the overrides of the command line.

A child's mapping is merged into its parent's key by key. A child that names another ``kind`` replaces the whole mapping
of its parent, as the keys of one kind mean nothing to another. Lists and single values replace what was there.
``--set a.b=value`` replaces the value at ``a.b``. ``--set optimizer.kind=adam`` over another kind drops what the files
say of the optimizer, and keeps what other ``--set`` say of it, in whatever order they are written. Where a bare name
stands, a key below it turns the name into ``{kind: name}`` first. Knows nothing of what the keys mean.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Sequenced
from pathlib import Path
from typing import NamedTuple, TypeAlias

from nntrain.core.nearby import nearest_name
from nntrain.errors import SpecError
from nntrain.spec.tree import MAX_DEPTH, Entry, Mapping, Mark, Node, Origin, Problem, Scalar, Sequence, spell_out
from nntrain.spec.yaml_tree import MAX_BYTES, parse

EXTENDS = "extends"
KIND = "kind"
SUFFIXES = (".yaml", ".yml")  # of a file that another may extend
OVERRIDES = 1000  # the rank of the first override: a spec extends fewer files

Complete: TypeAlias = Callable[[Mapping], Mapping]  # writes out the kinds that a file leaves to their defaults


class Merged(NamedTuple):
    """The tree of a spec with all that it extends, the problems found, and the names of the files, the spec's first."""

    tree: Mapping
    problems: list[Problem]
    files: tuple[str, ...]


class Override(NamedTuple):
    """One value, the dotted path that it is put at, and the place that says so."""

    path: str
    value: Node
    mark: Mark


class UnreadableError(Exception):
    """The files do not make up one mapping, so nothing in them can be checked."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def read_text(path: Path | str, name: str = "") -> str:
    """Return the text of a spec, ``-`` being standard input; raise ``SpecError`` when it cannot be read.

    ``name`` is how messages call the file; its path by default.
    """
    name = name or display_name(path)
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SpecError(f"{name}: no such file{nearest_name(Path(path), name)}") from None
    except IsADirectoryError:
        raise SpecError(f"{name}: is a directory, not a spec") from None
    except (OSError, ValueError) as error:
        raise SpecError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return _decode(data, name)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) > MAX_BYTES:  # cut within a character; the parser refuses the length
            return data.decode("utf-8-sig", "replace")
        line = data.count(b"\n", 0, error.start) + 1
        raise SpecError(f"{name}:{line}:1: not UTF-8 text (byte 0x{data[error.start]:02x})") from None


def display_name(path: Path | str) -> str:
    """Return how messages call a file."""
    return "<stdin>" if str(path) == "-" else str(path)


def read_layers(path: Path | str, text: str, complete: Complete = lambda tree: tree) -> Merged:
    """Merge a spec's text with everything it extends; the nearer file wins.

    ``complete`` is called on what a file is merged into, so that a kind left to its default is known to be that kind.
    """
    layers: list[Mapping] = []
    problems: list[Problem] = []
    visited: list[Path] = []
    names: list[str] = []
    name, location = display_name(path), Path(path).absolute()
    while True:
        visited.append(Path(os.path.realpath(location)))
        names.append(name)
        node, found = parse(text, Origin(name, location.parent, rank=len(layers)))
        problems += found
        layer, link, parent = _as_layer(node, problems)
        layers.append(layer)
        if parent is None:
            break
        name, location = str(Path(name).parent / parent), location.parent / parent
        _refuse_circle([*visited, Path(os.path.realpath(location))], link, problems)
        text = _parent_text(location, name, link, problems)
    merged = layers.pop()
    while layers:
        merged = _overlay(complete(merged), layers.pop())
    return Merged(complete(merged), problems, tuple(names))


def _refuse_circle(visited: list[Path], link: Mark, problems: list[Problem]) -> None:
    again = visited.index(visited[-1])
    if again < len(visited) - 1:
        circle = " → ".join(path.name for path in visited[again:])
        raise UnreadableError([*problems, Problem(link, EXTENDS, f"a circle: {circle}")])


def _parent_text(location: Path, name: str, link: Mark, problems: list[Problem]) -> str:
    """Return the text of an extended file; its messages quote it, so nothing but a spec may be read."""
    if not all(item.suffix.lower() in SUFFIXES for item in (location, Path(os.path.realpath(location)))):
        text = f"{name}: only a file named .yaml or .yml can be extended"
        raise UnreadableError([*problems, Problem(link, EXTENDS, text)])
    try:
        if location.exists() and not stat.S_ISREG(location.stat().st_mode) and not location.is_dir():
            raise SpecError(f"{name}: is not a regular file")
        return read_text(location, name)
    except SpecError as error:
        raise UnreadableError([*problems, Problem(link, EXTENDS, error.problems[0])]) from None


def _as_layer(node: Node, problems: list[Problem]) -> tuple[Mapping, Mark, str | None]:
    """Return a document as a mapping without ``extends``, and the parent it extends (with the place that says so)."""
    if isinstance(node, Scalar) and node.value is None:
        return Mapping(node.mark), node.mark, None
    if not isinstance(node, Mapping):
        text = "a spec must be a mapping of keys such as data, model, optimizer"
        raise UnreadableError(problems or [Problem(node.mark, "", text)])
    if EXTENDS not in node.entries:
        return node, node.mark, None
    parent = node.entries[EXTENDS].node
    if not isinstance(parent, Scalar) or not isinstance(parent.value, str) or not parent.value:
        raise UnreadableError([*problems, Problem(parent.mark, EXTENDS, "must be the path of one spec, as text")])
    rest = {key: entry for key, entry in node.entries.items() if key != EXTENDS}
    return Mapping(node.mark, rest), parent.mark, parent.value


def _merge(parent: Node, child: Node) -> Node:
    """Lay ``child`` over ``parent``; both stay as they are."""
    if not isinstance(child, Mapping):
        return child
    parent = spell_out(parent)
    return child if not isinstance(parent, Mapping) or _other_kind(parent, child) else _overlay(parent, child)


def _overlay(parent: Mapping, child: Mapping) -> Mapping:
    merged = Mapping(child.mark, dict(parent.entries))
    for key, entry in child.entries.items():
        below = parent.get(key)
        node = entry.node if below is None else _merge(below, entry.node)
        merged = merged.with_entry(key, Entry(entry.mark, node))
    return merged


def _other_kind(parent: Mapping, child: Mapping) -> bool:
    ours, theirs = child.get(KIND), parent.get(KIND)
    if not isinstance(ours, Scalar):
        return False
    return not isinstance(theirs, Scalar) or bool(ours.value != theirs.value)


def apply_overrides(root: Mapping, overrides: Sequenced[str]) -> tuple[Mapping, list[Problem]]:
    """Lay each ``a.b=value`` over the tree, the last one winning."""
    problems: list[Problem] = []
    values: list[Override] = []
    for index, override in enumerate(overrides):
        path, equals, text = override.partition("=")
        path = path.strip()
        mark = Mark(Origin(f"--set {path or override}", Path.cwd(), OVERRIDES + index, is_file=False))
        if not equals:
            problems.append(Problem(mark, "", "expected key=value, e.g. optimizer.lr=0.1"))
            continue
        value, found = parse(text, mark.origin, path)
        problems += found
        values.append(Override(path, value, mark))
    tree, found = put_values(root, values)
    return tree, [*problems, *found]


def put_values(root: Mapping, values: Iterable[Override]) -> tuple[Mapping, list[Problem]]:
    """Put each value exactly at its dotted path, the last one winning; their places rank as ``OVERRIDES`` or more."""
    problems: list[Problem] = []
    tree: Node = root
    for one in values:
        keys = one.path.split(".")
        complaint = _bad_path(keys)
        if complaint:
            problems.append(Problem(one.mark, "", complaint))
            continue
        try:
            tree = _put(tree, keys, 0, one.value, one.mark)
        except UnreadableError as error:
            problems += error.problems
    if not isinstance(tree, Mapping):
        raise TypeError("an override replaced the whole spec")
    return tree, problems


def _bad_path(keys: list[str]) -> str:
    if not all(keys):
        return "the key before '=' must be names joined by dots, e.g. optimizer.lr"
    if len(keys) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH} levels"
    if keys[0] == EXTENDS:
        return "only a file can extend another"
    return ""


def _put(node: Node | None, keys: list[str], at: int, value: Node, mark: Mark) -> Node:
    """Return ``node`` with ``value`` at ``keys[at:]``, making the mappings that are missing."""
    if at == len(keys):
        return value
    key, where = keys[at], ".".join(keys[:at])
    if isinstance(node, Sequence):
        if not key.isdecimal() or int(key) >= len(node.items):
            text = f"{where} is a list of {len(node.items)} and has no item '{key}'; count from 0"
            raise UnreadableError([Problem(mark, "", text)])
        items = list(node.items)
        items[int(key)] = _put(items[int(key)], keys, at + 1, value, mark)
        return Sequence(node.mark, tuple(items))
    below = Mapping(mark) if node is None or (isinstance(node, Scalar) and node.value is None) else spell_out(node)
    if not isinstance(below, Mapping):
        raise UnreadableError([Problem(mark, "", f"{where} is a single value and has no key '{key}'")])
    if key == KIND and at + 1 == len(keys) and _other_kind(below, Mapping(mark, {KIND: Entry(mark, value)})):
        below = Mapping(mark, {name: entry for name, entry in below.entries.items() if _is_override(entry)})
    known = below.entries.get(key)
    new = _put(known.node if known else None, keys, at + 1, value, mark)
    return below.with_entry(key, Entry(known.mark if known and at + 1 < len(keys) else mark, new))


def _is_override(entry: Entry) -> bool:
    return entry.mark.origin.rank >= OVERRIDES
