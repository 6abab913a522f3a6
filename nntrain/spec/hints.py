"""What a spec may hold, read from type hints: the keys of a class, and the registry or class that each key leads to.

Works for any frozen dataclass and registry. Knows none of them by name.
"""

import dataclasses
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints

from nntrain.core.registry import Registry
from nntrain.spec.tree import Entry, Mapping, Node, Scalar, Sequence

Target: TypeAlias = Registry[Any] | type


@cache
def fields_of(cls: type) -> dict[str, tuple[Target, ...]]:
    """Return each key of a class, with the registries and classes that describe its value."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: tuple(_targets(hints[name])) for name in _dataclass_fields(cls)}


def _targets(hint: Any) -> Iterator[Target]:
    registry = next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Registry)), None)
    if get_origin(hint) is Annotated and registry is not None:
        yield registry
    elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    else:
        for argument in get_args(hint):
            yield from _targets(argument)


def dotted_keys(cls: type) -> Iterator[str]:
    """Yield the dotted name of every key that a spec of this class may hold.

    Outer ones come before inner ones, and those that always exist before those of a kind that may be chosen.
    """
    below = sorted(fields_of(cls).items(), key=lambda item: any(isinstance(target, Registry) for target in item[1]))
    yield from (name for name, _ in below)
    for name, targets in below:
        for target in targets:
            for entry in target.values() if isinstance(target, Registry) else (target,):
                yield from (f"{name}.{key}" for key in dotted_keys(entry))


@cache
def path_keys(cls: type) -> frozenset[str]:
    """Return the keys of a class whose values are paths, one or several."""
    hints = get_type_hints(cls, include_extras=True)
    return frozenset(name for name in fields_of(cls) if Path in _types(hints[name]))


def _types(hint: Any) -> set[Any]:
    return {hint}.union(*(_types(argument) for argument in get_args(hint)))


def default_of(cls: type, name: str) -> Any:
    """Return a field's default value, ``None`` where it has none."""
    known = _dataclass_fields(cls)[name]
    if known.default_factory is not dataclasses.MISSING:
        return known.default_factory()
    return None if known.default is dataclasses.MISSING else known.default


@cache
def _dataclass_fields(cls: type) -> dict[str, "dataclasses.Field[Any]"]:
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    return {field.name: field for field in fields if field.init}


def class_at(targets: tuple[Target, ...], node: Node) -> type | None:
    """Return the class that describes a mapping: the entry its ``kind`` names, or the only class it may be."""
    for target in targets:
        if not isinstance(target, Registry):
            return target
        kind = node.get("kind") if isinstance(node, Mapping) else node
        if isinstance(kind, Scalar) and isinstance(kind.value, str) and kind.value in target:
            return target[kind.value]
    return None


def with_default_kinds(node: Node, cls: type) -> Node:
    """Give a mapping without ``kind`` the kind of its field's default: ``optimizer: {lr: 0.1}`` is for sgd."""
    if not isinstance(node, Mapping):
        return node
    entries = dict(node.entries)
    for name, targets in fields_of(cls).items():
        if name in entries:
            value = _with_kind(entries[name].node, targets, default_of(cls, name))
            entries[name] = Entry(entries[name].mark, _below(value, targets))
    return Mapping(node.mark, entries)


def _below(node: Node, targets: tuple[Target, ...]) -> Node:
    if isinstance(node, Sequence):
        return Sequence(node.mark, tuple(_below(item, targets) for item in node.items))
    cls = class_at(targets, node)
    return node if cls is None else with_default_kinds(node, cls)


def _with_kind(node: Node, targets: tuple[Target, ...], default: Any) -> Node:
    if isinstance(default, tuple) and len(default) == 1:  # one for all, where a list may have one for each
        default = default[0]
        if isinstance(node, Sequence):
            return Sequence(node.mark, tuple(_with_kind(item, targets, default) for item in node.items))
    kind = getattr(default, "kind", None)
    tagged = any(isinstance(target, Registry) for target in targets)
    if not isinstance(node, Mapping) or not tagged or kind is None or "kind" in node.entries or misspelt(node, "kind"):
        return node
    return Mapping(node.mark, {"kind": Entry(node.mark, Scalar(node.mark, kind)), **node.entries})


def misspelt(node: Mapping, key: str) -> str | None:
    """Return the key of a mapping that is probably a misspelt ``key``."""
    return next((name for name in node.entries if suggestion(name, [key]) == key), None)


def suggestion(word: str, choices: list[str]) -> str | None:
    """Return the choice that a misspelt key stands for, by its letters or by its initials (learning_rate, lr)."""
    close = get_close_matches(word, choices, n=1)
    if close:
        return close[0]
    return next((choice for choice in choices if _initials(word) == choice or _initials(choice) == word), None)


def _initials(word: str) -> str:
    parts = [part for part in word.lower().replace("-", "_").split("_") if part]
    return "".join(part[0] for part in parts) if len(parts) > 1 else ""
