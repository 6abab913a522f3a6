"""From options to data ready for a network: load, split, encode, scale. Fitting sees the training rows alone.

Knows nothing of models, and of single sources only that they load.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from nntrain.core.distinct import distinct
from nntrain.core.types import DType
from nntrain.data.dataset import Dataset, Part, Raw
from nntrain.data.describe.advice import Advice, Scales, advise
from nntrain.data.describe.survey import Survey, survey
from nntrain.data.division import describe_division, divide
from nntrain.data.fingerprint import TrainedRows
from nntrain.data.options import DataOptions
from nntrain.data.text import quoted
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.target_scaler import TargetScaler, check_size
from nntrain.data.transforms.transform import Transform
from nntrain.errors import DataError


def prepare(options: DataOptions, *, seed: int, dtype: DType, surveyed: int = 0) -> Dataset:
    """Load, split and scale everything; DataError when the data cannot be read, divided or learned from.

    Of files the notes tell what deserves a second look: in all columns of up to ``surveyed`` values, else in targets.
    """
    raw = options.load(seed)
    if raw.task == "classification" and len(raw.class_names) < 2:
        raise DataError(f"data: one class only, got {quoted(raw.class_names[0])} in all {len(raw.train)} rows")
    found: list[str] = []
    with _collect(found):
        parts = divide(raw, options, seed)
    with _collect(found):
        scale = options.scale_for(raw.task)
    if found:
        raise DataError("\n".join(found))
    encoder, names = Encoder.identity(), raw.feature_names
    if raw.encodes:
        encoder = Encoder.fit(parts["train"].array, raw.texts, names, fills=raw.fills)
    transform = Transform.fit(parts["train"].X, options.scale, encoder)
    targets = TargetScaler.fit(parts["train"].y, scale)
    ready = {name: make_ready(part, transform, targets, raw.texts, dtype) for name, part in parts.items()}
    if raw.task == "regression" and dtype == "float32":
        check_size(ready["train"].y)
    fingerprint = raw.fingerprint()
    warnings: list[str] = []
    if surveyed and hasattr(options.source, "task"):
        brief = raw.train.X.shape[0] * raw.train.X.shape[1] > surveyed
        _, advice = look_through(raw, parts, options, fingerprint, brief=brief)
        warnings = [f"data: {item.what}; {item.do}" for item in advice if not item.harmless]
    return Dataset(
        ready["train"],
        ready.get("validation"),
        ready.get("test"),
        raw.task,
        raw.class_names,
        encoder.feature_names if encoder else names,
        raw.target_names,
        transform,
        fingerprint,
        raw.image_shape,
        (*raw.notes, *unseen_notes(parts, encoder, raw.texts), *warnings),
        targets,
        TrainedRows.of(ready["train"].X, ready["train"].y),
        _count_amounts(raw),
        describe_division(options, raw),
        raw.columns,
    )


@contextmanager
def _collect(found: list[str]) -> Iterator[None]:
    """Add a DataError to those found, so that all of them can be told together."""
    try:
        yield
    except DataError as error:
        found.append(str(error))


def _count_amounts(raw: Raw) -> int:
    """Return how many different whole numbers a regression's only target holds, 0 if they are not whole."""
    y = raw.train.y
    whole = raw.task == "regression" and y.shape[1] == 1 and bool((y == np.round(y)).all())
    return len(distinct(y)) if whole else 0


def look_through(
    raw: Raw, parts: Mapping[str, Part], options: DataOptions, fingerprint: str, *, brief: bool = False
) -> tuple[Survey, Sequence[Advice]]:
    """Return the survey of loaded and divided data, and what in it deserves a second look."""
    positions: Sequence[int] = range(raw.train.X.shape[1])
    source: Any = options.source
    if hasattr(source, "roles") and not brief:  # a table: where each stands, counting those that are no features
        positions = source.roles(source.open(source.path, None), options.columns).features
    found = survey(raw, parts, positions, fingerprint, brief=brief)
    return found, advise(found, Scales(options.scale, options.target_scale))


def unseen_notes(parts: Mapping[str, Part], encoder: Encoder, texts: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each column and part with texts that training never saw."""
    if not any(texts):
        return []
    unseen = [(name, item) for name, part in parts.items() for item in encoder.unseen(part.array, texts)]
    return [f"{name}: {encoder.describe_unseen(item)}" for name, item in unseen]


def make_ready(
    part: Part, transform: Transform, targets: TargetScaler, texts: Sequence[Sequence[str]], dtype: DType
) -> Part:
    """Return a part encoded and scaled; targets in the dtype of the run, class indices as they are."""
    return replace(part, X=transform.apply(part.X, texts, dtype), y=targets.apply(part.y, dtype))
