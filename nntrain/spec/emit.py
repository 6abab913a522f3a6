"""From built objects back to plain values and to YAML that reads back as the same values.

Text that YAML 1.1 or 1.2 would read as something else is quoted. Floats are written such that both read them as floats.
"""

import dataclasses
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from nntrain.spec.yaml_tree import CORE_SCHEMA

WIDTH = 120


def plain_values(value: Any) -> Any:
    """Return dataclasses as dicts, tuples as lists, paths as text; fit for JSON.

    They are complete, but for rare fields at their defaults.
    """
    if dataclasses.is_dataclass(value):
        return {name: plain_values(item) for name, item in _written_fields(value)}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    return str(value) if isinstance(value, Path) else value


def _written_fields(value: Any) -> Iterator[tuple[str, Any]]:
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if not field.init or (field.metadata.get("rare") and item == field.default):
            continue
        yield field.name, item[0] if field.metadata.get("plain_one") and len(item) == 1 else item


def to_yaml(values: Any) -> str:
    """Return YAML with small lists and mappings on one line."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=WIDTH)


def inline(value: Any) -> str:
    """Return a value as YAML on a single line."""
    text = yaml.dump([value], Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=sys.maxsize)
    return text.rstrip("\n").removeprefix("[").removesuffix("]")


class _Dumper(yaml.SafeDumper):
    """PyYAML's dumper without aliases. It quotes every text that our loader would not read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, _pattern, _ in CORE_SCHEMA:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern.pattern})\Z", re.ASCII), None)
