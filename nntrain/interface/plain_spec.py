"""A spec and its overrides as Python writes them: a path or a mapping, and values instead of texts.

Knows nothing of how a spec is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from nntrain.errors import SpecError
from nntrain.spec import Loaded, dump, load, override_of, reload

SpecSource: TypeAlias = "str | PathLike[str] | Mapping[str, Any]"
Overrides: TypeAlias = "Mapping[str, Any] | Sequence[str] | None"


def read_spec(spec: SpecSource, overrides: Overrides) -> Loaded:
    """Return the spec in a file, or of a mapping that says what a file would, with overrides. Raises SpecError."""
    texts, values = ((), overrides) if isinstance(overrides, Mapping) else (overrides or (), {})
    if isinstance(texts, str):
        raise SpecError(f"overrides: a mapping or a list of texts is expected, got the text {texts!r}")
    laid = [override_of(str(key), _plain(value), "overrides") for key, value in values.items()]
    if not isinstance(spec, Mapping):
        return load(Path(spec), texts, laid)
    if "extends" in spec:
        raise SpecError("spec: extends: only a file can extend another; name the file and give the rest as overrides")
    found = reload(_plain(spec), texts, laid)
    return replace(found, text=dump(found.resolved))


def _plain(value: Any) -> Any:
    """Return a value as YAML would give it: lists and texts instead of tuples, arrays and paths."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, PathLike) else value
