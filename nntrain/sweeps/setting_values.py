"""The values of a setting by dotted keys, and how they are written. Knows nothing of what they mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.spec.emit import inline
from nntrain.sweeps.points import Setting

ABSENT = ""  # of a key that a setting does not have


def value_at(setting: Setting, key: str) -> Any:
    """Return the value of a dotted key in a setting, as it was written, or as the spec has it; None without one."""
    if key in setting.values:
        return setting.values[key]
    value: Any = setting.points[0].resolved
    for name in key.split("."):
        if isinstance(value, Sequence) and not isinstance(value, str) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, Mapping) and name in value:
            value = value[name]
        else:
            return None
    return value.get("kind", value) if isinstance(value, Mapping) else value


def spell(value: Any) -> str:
    """Return a value as it would be written in a spec; nothing for None."""
    return ABSENT if value is None else value if isinstance(value, str) else inline(value)
