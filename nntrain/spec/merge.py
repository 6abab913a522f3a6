"""One tree from several texts: a file, the files it extends, and the overrides of the command line.

A child's mapping is merged into its parent's key by key, unless the child names another ``kind``: then it stands alone.
Lists and single values replace. ``--set a.b=value`` replaces exactly the value at ``a.b``: ``--set model=softmax``
drops what the file said of the model, ``--set model.kind=softmax`` keeps every other key (and each that softmax does
not have is reported). Where a bare name stands, a key below it turns the name into ``{kind: name}`` first. Knows
nothing of what the keys mean.
"""

import os
import sys
from collections.abc import Sequence as Sequenced
from pathlib import Path

from nntrain.errors import SpecError
from nntrain.spec.tree import MAX_DEPTH, Entry, Mapping, Mark, Node, Origin, Problem, Scalar, Sequence, spelled_out
from nntrain.spec.yaml_tree import MAX_BYTES, parse

EXTENDS = "extends"


class UnreadableError(Exception):
    """The layers do not form one mapping; whatever is in it cannot be judged."""

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
        raise SpecError(f"{name}: no such file") from None
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
    """How messages call a file."""
    return "<stdin>" if str(path) == "-" else str(path)


def read_layers(path: Path | str, text: str) -> tuple[Mapping, list[Problem]]:
    """Merge a spec's text with everything it extends; the nearer file wins."""
    layers: list[Mapping] = []
    problems: list[Problem] = []
    visited: list[Path] = []
    name, location = display_name(path), Path(path).absolute()
    while True:
        visited.append(Path(os.path.realpath(location)))
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
        merged = _overlaid(merged, layers.pop())
    return merged, problems


def _refuse_circle(visited: list[Path], link: Mark, problems: list[Problem]) -> None:
    again = visited.index(visited[-1])
    if again < len(visited) - 1:
        circle = " → ".join(path.name for path in visited[again:])
        raise UnreadableError([*problems, Problem(link, EXTENDS, f"a circle: {circle}")])


def _parent_text(location: Path, name: str, link: Mark, problems: list[Problem]) -> str:
    try:
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
    parent = spelled_out(parent)
    return child if not isinstance(parent, Mapping) or _other_kind(parent, child) else _overlaid(parent, child)


def _overlaid(parent: Mapping, child: Mapping) -> Mapping:
    merged = Mapping(child.mark, dict(parent.entries))
    for key, entry in child.entries.items():
        below = parent.get(key)
        node = entry.node if below is None else _merge(below, entry.node)
        merged = merged.with_entry(key, Entry(entry.mark, node))
    return merged


def _other_kind(parent: Mapping, child: Mapping) -> bool:
    ours, theirs = child.get("kind"), parent.get("kind")
    if not isinstance(ours, Scalar):
        return False
    return not isinstance(theirs, Scalar) or bool(ours.value != theirs.value)


def apply_overrides(root: Mapping, overrides: Sequenced[str]) -> tuple[Mapping, list[Problem]]:
    """Lay each ``a.b=value`` over the tree, the last one winning."""
    problems: list[Problem] = []
    tree: Node = root
    for index, override in enumerate(overrides):
        path, equals, text = override.partition("=")
        path = path.strip()
        mark = Mark(Origin(f"--set {path or override}", Path.cwd(), 1000 + index, is_file=False))
        keys = path.split(".")
        complaint = _bad_path(keys, equals)
        if complaint:
            problems.append(Problem(mark, "", complaint))
            continue
        value, found = parse(text, mark.origin, path)
        problems += found
        try:
            tree = _put(tree, keys, 0, value, mark)
        except UnreadableError as error:
            problems += error.problems
    if not isinstance(tree, Mapping):
        raise TypeError("an override replaced the whole spec")
    return tree, problems


def _bad_path(keys: list[str], equals: str) -> str:
    if not equals:
        return "expected key=value, e.g. optimizer.lr=0.1"
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
    below = Mapping(mark) if node is None or (isinstance(node, Scalar) and node.value is None) else spelled_out(node)
    if not isinstance(below, Mapping):
        raise UnreadableError([Problem(mark, "", f"{where} is a single value and has no key '{key}'")])
    known = below.entries.get(key)
    new = _put(known.node if known else None, keys, at + 1, value, mark)
    return below.with_entry(key, Entry(known.mark if known and at + 1 < len(keys) else mark, new))
