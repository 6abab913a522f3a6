"""From a tree to a built spec, or to every problem it has.

Everything that can be checked is checked. A field with a problem does not stop the others from being checked. An object
whose own keys are all right also checks itself, with ``problems() -> [(path, message)]``, path a tuple of keys.
Knows no field by name.
"""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from nntrain.spec.explain import explain
from nntrain.spec.hints import default_of, fields_of, with_default_kinds
from nntrain.spec.quick_build import DoubtError, build_quickly
from nntrain.spec.tree import Mapping, Mark, Node, Problem, Scalar, Sequence, is_broken, plain

if TYPE_CHECKING:
    from pydantic import TypeAdapter

M = TypeVar("M")


def build(root: type[M], tree: Mapping, *, extra: tuple[str, ...] = ()) -> tuple[M | None, list[Problem]]:
    """Return the built object with its paths absolute, or ``None`` and the problems; ``extra`` are other known keys."""
    filled = with_default_kinds(tree, root)
    if not isinstance(filled, Mapping):
        raise TypeError("a tree with default kinds stays a mapping")
    spec, errors = _validate(root, plain(filled))
    problems = explain(errors, root, filled, extra)
    sound = _sound_fields(root, filled, problems) if spec is None else _fields(spec)
    problems += check_objects(root, sound, filled)
    if problems or spec is None:
        return None, problems
    return root(**dict(_anchor_fields(sound, filled))), []


def _fields(built: Any) -> dict[str, Any]:
    return {field.name: getattr(built, field.name) for field in dataclasses.fields(built)}


def _validate(root: Any, values: Any) -> tuple[Any, list[Any]]:
    """Return the built object, or None and what pydantic finds wrong; it is asked only where there is a doubt."""
    try:
        return build_quickly(root, values), []
    except DoubtError:
        from pydantic import ValidationError
    try:
        return _judge(root).validate_python(values), []
    except ValidationError as error:
        return None, list(error.errors(include_url=False, include_input=False))


@cache
def _judge(hint: Any) -> "TypeAdapter[Any]":
    """Return pydantic's validator of a type."""
    from pydantic import TypeAdapter  # here, since it takes a while and a sound spec needs none

    return TypeAdapter(hint)


def _sound_fields(root: type, tree: Mapping, problems: Iterable[Problem]) -> dict[str, Any]:
    """Build each field that has no problem by itself."""
    blamed = {problem.path.split(".")[0] for problem in problems}
    sound: dict[str, Any] = {}
    hints = get_type_hints(root, include_extras=True)
    for name in fields_of(root):
        node = tree.get(name)
        if name in blamed or (node is not None and is_broken(node)):
            continue
        if node is None:
            sound[name] = default_of(root, name)
            continue
        sound[name] = _judge(hints[name]).validate_python(plain(node))
    return sound


def check_objects(root: type, fields: dict[str, Any], tree: Mapping) -> list[Problem]:
    """Return the problems that the built objects find in themselves, and those of ``root.conflicts``."""
    found = [problem for name, value in fields.items() for problem in _own_problems(value, (name,))]
    conflicts = getattr(root, "conflicts", None)
    if conflicts is not None:
        found += [(tuple(path), message) for path, message in conflicts(fields)]
    places = [(_as_written(tree, path), message) for path, message in found]
    return [Problem(mark_at(tree, path), ".".join(path), message) for path, message in places]


def _own_problems(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _own_problems(item, (*path, str(index)))
    elif dataclasses.is_dataclass(value):
        for below, message in getattr(value, "problems", tuple)():
            yield (*path, *below), message
        for field in dataclasses.fields(value):
            yield from _own_problems(getattr(value, field.name), (*path, field.name))


def _as_written(tree: Mapping, path: Iterable[str]) -> tuple[str, ...]:
    """Return a path without the index of a single value that stands for a list of one."""
    written: list[str] = []
    node: Node | None = tree
    for key in path:
        if isinstance(node, Sequence) and key.isdecimal():
            node = node.items[int(key)] if int(key) < len(node.items) else None
        elif key.isdecimal() and node is not None:
            continue
        else:
            node = node.get(key) if isinstance(node, Mapping) else None
        written.append(key)
    return tuple(written)


def mark_at(tree: Mapping, path: Iterable[str]) -> Mark:
    """Return the place of a value, or of the innermost value around it that was written."""
    node: Node = tree
    for key in path:
        if isinstance(node, Mapping) and key in node.entries:
            node = node.entries[key].node
        elif isinstance(node, Sequence) and key.isdecimal() and int(key) < len(node.items):
            node = node.items[int(key)]
        else:
            break
    return node.mark


def _anchor_fields(fields: dict[str, Any], tree: Mapping) -> Iterator[tuple[str, Any]]:
    return ((name, anchor(value, _below(tree, name))) for name, value in fields.items())


def anchor(value: Any, node: Node) -> Any:
    """Return ``value`` with every path in it absolute. A relative path counts from the file that holds it.

    A path left at its default counts from the file that holds the mapping around it.
    """
    if isinstance(value, Path):
        home = os.path.expanduser(value)  # noqa: PTH111  # Path.expanduser raises for an unknown user
        return Path(os.path.normpath(node.mark.origin.base / home))
    if isinstance(value, tuple):
        nodes = node.items if isinstance(node, Sequence) else (node,) * len(value)
        return tuple(anchor(item, below) for item, below in zip(value, nodes, strict=True))
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    old = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    new = {name: anchor(part, _below(node, name)) for name, part in old.items()}
    changes = {name: part for name, part in new.items() if part != old[name]}
    return dataclasses.replace(value, **changes) if changes else value


def _below(node: Node, key: str) -> Node:
    """Return the value of a key, or null at the same place."""
    below = node.get(key) if isinstance(node, Mapping) else None
    return below if below is not None else Scalar(node.mark, None)
