"""The settings of a spec one by one: the dotted path of each, its value as YAML, and whether it is the default.

Knows no setting by name.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any

from nntrain.spec.emit import inline, plain_values


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting, such as ``optimizer.lr``."""

    path: str
    value: str
    is_default: bool


def leaves(spec: Any, default: Any = None, path: str = "") -> Iterator[Leaf]:
    """Yield the settings of a built spec, or of a part of one, in their order.

    A setting without a default is never at it. With ``default``, a part of the same type, its values are the defaults.
    """
    for field in fields(spec):
        if not field.init:
            continue
        name, value = path + field.name, getattr(spec, field.name)
        usual = _default(field) if default is None else getattr(default, field.name)
        if not is_dataclass(value):
            yield Leaf(name, inline(plain_values(value)), value == usual)
            continue
        if type(value) is type(usual):
            yield from leaves(value, usual, f"{name}.")
            continue
        for leaf in leaves(value, None, f"{name}."):  # another entry of a registry, whose kind alone differs
            yield Leaf(leaf.path, leaf.value, leaf.is_default and leaf.path != f"{name}.kind")


def _default(field: "Field[Any]") -> Any:
    """Return the default of a field; of one without any a value that equals none."""
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else object()
