"""A spec for a data file: its source, a model, and training settings that suit the data. Knows nothing of networks."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.autospec.recipe import Scope, model_of, parts_of
from nntrain.autospec.source import DataRequest, find_source
from nntrain.autospec.yaml_lines import Line, as_values, block, map_values, write_commented
from nntrain.data.dataset import Raw
from nntrain.data.text import quoted
from nntrain.spec import Spec, from_dict

HEAD = """\
# Guessed from {data}; each comment gives the reason for a guess. Correct what is wrong, then run:
#   nntrain data describe {spec}
#   nntrain fit {spec}
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A guessed spec: its lines, with paths as given; (label, text) messages on what was guessed; and the data."""

    lines: Sequence[Line]
    messages: Sequence[tuple[str, str]]
    raw: Raw
    notes: Sequence[str]  # on how the data were read

    @property
    def spec(self) -> Spec:
        """The spec that the lines make; paths are relative to the current directory."""
        return from_dict(as_values(map_values(self.lines, _as_text)))

    def text(self, data: Path, spec: Path) -> str:
        """Return the YAML text for a file ``spec``; its paths are relative to the folder of that file."""

        def write_value(value: Any) -> Any:
            relative = isinstance(value, Path) and not value.is_absolute()
            return os.path.relpath(value, spec.parent) if relative else _as_text(value)

        return HEAD.format(data=quoted(data.name)[1:-1], spec=quoted(spec.name)[1:-1]) + write_commented(
            map_values(self.lines, write_value)
        )


def draft(request: DataRequest) -> Draft:
    """Guess a spec. Raises DataError for data that cannot be read, SpecError for what their format cannot provide."""
    found = find_source(request)
    source = block("source", *found.lines)
    values = as_values(map_values([block("data", source), Line("model", "mlp")], _as_text))
    raw = from_dict(values).data.source.load(0)
    scope = _scope(raw)
    data = block("data", source, *parts_of(scope), *_scales(scope))
    lines = [Line("name", _name(request.path)), Line("seed", 0), data, *model_of(scope)]
    return Draft(lines, found.messages or _messages(raw, scope), raw, list(dict.fromkeys((*found.notes, *raw.notes))))


def _messages(raw: Raw, scope: Scope) -> Sequence[tuple[str, str]]:
    """Return two messages that describe arrays or pictures."""
    shape = f"pictures of {'×'.join(map(str, raw.image_shape))}" if raw.image_shape else f"rows of {scope.inputs:,}"
    test = "" if raw.test is None else f", {len(raw.test):,} more for testing"
    classes = f" into {len(raw.class_names):,} classes" if raw.class_names else ""
    return [("data", f"{scope.rows:,} {shape}{test}"), ("task", f"{scope.task}{classes}")]


def _scope(raw: Raw) -> Scope:
    pixels = raw.image_shape is not None or np.dtype(raw.train.X.dtype) == np.uint8
    return Scope(raw.task, len(raw.train), raw.train.X.shape[1], pixels, raw.test is not None)


def _scales(scope: Scope) -> Sequence[Line]:
    inputs = Line(
        "scale", "standard", "each column gets mean 0 and standard deviation 1, measured on the training rows"
    )
    if scope.pixels:
        inputs = Line("scale", "unit", "pixels: their whole range becomes 0…1")
    targets = Line(
        "target_scale", "standard", "trains on mean 0 and deviation 1; rmse and predictions keep the units of the file"
    )
    return [inputs, targets] if scope.task == "regression" else [inputs]


def _name(path: Path) -> str:
    """Return a name for runs, made from the file's: at most 64 letters, digits, dots, dashes and underscores."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.resolve().name.removesuffix(".gz").partition(".")[0])
    return stem.strip("-._")[:64] or "data"


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
