"""Entries of registries as text: their kind, and what differs from its defaults. Knows no entry by name."""

from dataclasses import MISSING, fields
from typing import Any


def spell(entry: Any, *leave_out: str) -> str:
    """Return an entry of a registry as its kind and what differs from its defaults: ``sgd, momentum 0.9``."""
    return ", ".join([kind_of(entry), *spell_settings(entry, *leave_out)])


def kind_of(entry: Any) -> str:
    """Return the kind of an entry; of anything else the name of its class."""
    return str(getattr(entry, "kind", type(entry).__name__))


def spell_settings(entry: Any, *leave_out: str) -> list[str]:
    """Return what differs from the defaults of an entry, one text a field: ``["momentum 0.9"]``."""
    parts = []
    for field in fields(entry):
        value = getattr(entry, field.name)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if field.name != "kind" and field.name not in leave_out and value != default:
            parts.append(f"{field.name} {_value(value)}")
    return parts


def rate(value: float) -> str:
    """Return a learning rate in three digits."""
    return f"{value:.3g}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return rate(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return spell(value) if hasattr(value, "kind") else str(value)
