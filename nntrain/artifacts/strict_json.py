"""JSON that every reader accepts: no NaN, no duplicate keys, NumPy numbers as plain numbers. Knows only values."""

import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

MAX_DEPTH = 64


def plain(value: Any, depth: int = 0) -> Any:
    """Return ``value`` in JSON's own types: NaN and ±inf become null, NumPy numbers and arrays plain ones.

    Raises ``TypeError`` for what has no JSON form (and for keys that are not text), ``ValueError`` beyond 64 levels.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")  # a lone surrogate has no UTF-8
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def compact(value: Any) -> str:
    """Return one line of JSON, keys in their given order."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(", ", ": "))


def canonical(value: Any) -> str:
    """Return the one spelling that equal values share: sorted keys, no spaces, ASCII only."""
    return json.dumps(plain(value), ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))


def pretty(value: Any) -> str:
    """Return JSON for people: indented, keys in their given order, newline at the end."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def parse(text: str | bytes) -> Any:
    """Return the value of strict JSON; raises ``ValueError`` for anything else, however deep or odd."""
    text = text if isinstance(text, str) else text.decode("utf-8")
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{type(key).__name__} is no JSON key")
    return key


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refuse(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("the same key twice")
    return result
