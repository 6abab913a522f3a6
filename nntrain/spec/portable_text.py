"""The text of a spec in a form that means the same wherever it is moved or copied.

A relative path counts from the file that holds it, so it is written in full. The files that a spec extends may change
or go, so they are merged in. A text with neither stays as it was written, with its comments. Knows no key by name.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from nntrain.spec.emit import inline, to_yaml
from nntrain.spec.hints import class_at, fields_of, path_keys
from nntrain.spec.merge import Merged
from nntrain.spec.tree import Mapping as MappingNode
from nntrain.spec.tree import Mark, Node, Scalar, Sequence, scalars

HEAD = "# {files}, merged into one file; relative paths are written in full.\n"


def portable_text(text: str, merged: Merged, root: type) -> str:
    """Return ``text`` with its relative paths in full, or what it says together with the files that it extends.

    ``merged`` is its tree with those files; ``root`` is the class that describes it.
    """
    full = {scalar.mark: str(path) for scalar, path in _relative_paths(merged.tree, root)}
    if len(merged.files) > 1:
        return HEAD.format(files=" and ".join(merged.files)) + to_yaml(_values(merged.tree, full))
    return _replace_scalars(text, {(mark.line, mark.column): path for mark, path in full.items()}) if full else text


def _relative_paths(node: Node, cls: type) -> Iterator[tuple[Scalar, Path]]:
    """Yield each relative path that a tree holds, and where it leads."""
    for key, entry in node.entries.items() if isinstance(node, MappingNode) else ():
        items = entry.node.items if isinstance(entry.node, Sequence) else (entry.node,)
        if key in path_keys(cls):
            yield from ((scalar, path) for scalar in scalars(entry.node) if (path := _full_path(scalar)) is not None)
            continue
        for item in items:
            below = class_at(fields_of(cls).get(key, ()), item)
            if below is not None:
                yield from _relative_paths(item, below)


def _full_path(scalar: Scalar) -> Path | None:
    if not isinstance(scalar.value, str) or os.path.isabs(scalar.value) or scalar.value.startswith("~"):  # noqa: PTH117
        return None
    return Path(os.path.normpath(scalar.mark.origin.base / scalar.value))


def _values(node: Node, full: Mapping[Mark, str]) -> Any:
    """Return the plain values of a tree, paths in full."""
    match node:
        case MappingNode(entries=entries):
            return {key: _values(entry.node, full) for key, entry in entries.items()}
        case Sequence(items=items):
            return [_values(item, full) for item in items]
        case Scalar(value=value):
            return full.get(node.mark, value) if isinstance(value, str) else value


def _replace_scalars(text: str, new: Mapping[tuple[int, int], str]) -> str:
    """Return YAML with other texts in place of the scalars that begin at the given lines and columns."""
    pieces, end = [], 0
    for token in yaml.scan(text):
        place = (token.start_mark.line + 1, token.start_mark.column + 1)
        if isinstance(token, yaml.ScalarToken) and place in new:
            pieces += [text[end : token.start_mark.index], inline(new[place])]
            end = token.end_mark.index
    return "".join([*pieces, text[end:]])
