"""From options to data ready for a network: load, split, scale. Fitting sees the training rows alone.

Knows nothing of models, and of single sources only that they load.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.data.dataset import SPLITS, Dataset, Part, Raw, no_such_part
from nntrain.data.inputs import read_inputs
from nntrain.data.labels import as_number, rename
from nntrain.data.options import DataOptions
from nntrain.data.scaling import Scaler
from nntrain.data.splitting import split
from nntrain.data.stored import scaled
from nntrain.data.wording import shown
from nntrain.errors import DataError, did_you_mean

__all__ = ["Scaler", "prepare", "prepare_part", "read_inputs"]


def prepare(options: DataOptions, *, seed: int, dtype: DType) -> Dataset:
    """Load, split and scale everything; DataError when the data cannot be read, divided or learned from."""
    raw = options.source.load(seed)
    if raw.task == "classification" and len(raw.class_names) < 2:
        raise DataError(f"data: one class only, got {shown(raw.class_names[0])} in all {len(raw.train)} rows")
    parts = _divide(raw, options, seed)
    scaler = Scaler.fit(parts["train"].array, options.scale)
    ready = {name: _ready(part, scaler, dtype) for name, part in parts.items()}
    return Dataset(
        ready["train"],
        ready.get("validation"),
        ready.get("test"),
        raw.task,
        raw.class_names,
        raw.feature_names,
        raw.target_names,
        scaler,
        raw.fingerprint(),
        raw.image_shape,
    )


def prepare_part(
    options: DataOptions,
    split: str,
    *,
    scaler: Scaler,
    class_names: Sequence[str],
    seed: int,
    dtype: DType,
    n_features: int | None = None,
    n_targets: int | None = None,
) -> Part:
    """Return one part, divided as in training, for a model that brings its scaler and class names (() in regression).

    DataError when the part does not exist, or its columns or classes are not the model's.
    """
    if split not in SPLITS:
        raise DataError(f"split: unknown name, got '{split}'{did_you_mean(split, SPLITS)}")
    raw = _as_trained(options.source.load(seed), class_names)
    _check_columns(raw, n_features, n_targets)
    parts = _divide(raw, options, seed)
    if split not in parts:
        raise no_such_part(split)
    part = rename(parts[split], raw.class_names, class_names, lambda _: "data")
    return _ready(part, scaler, dtype)


def _check_columns(raw: Raw, n_features: int | None, n_targets: int | None) -> None:
    """Refuse other widths than the model's, as far as they are told."""
    width, columns = raw.train.X.shape[1], raw.train.y.shape[1:]
    if n_features not in (None, width):
        raise DataError(f"data: {width} features, the model takes {n_features}")
    if n_targets is not None and columns and columns != (n_targets,):
        raise DataError(f"data: {columns[0]} target columns, the model predicts {n_targets}")


def _divide(raw: Raw, options: DataOptions, seed: int) -> dict[str, Part]:
    """Return the parts there are, unscaled."""
    if raw.test is not None and options.test is not None:
        raise DataError(f"data.test: the source brings a test part of {len(raw.test)} rows; leave `test` out")
    classes = raw.train.y if raw.task == "classification" else None
    n = len(raw.train)
    rows = split(n, classes, validation=options.validation, test=options.test, seed=seed)
    if len(rows.train) == n:
        parts = {"train": raw.train}
    else:
        parts = {name: raw.train.take(chosen) for name, chosen in rows._asdict().items() if chosen is not None}
    return parts if raw.test is None else {**parts, "test": raw.test}


def _ready(part: Part, scaler: Scaler, dtype: DType) -> Part:
    """Return a part scaled; targets in the dtype of the run, class indices as they are."""
    y = part.y if part.y.ndim == 1 else _cast(part.y, dtype)
    return Part(scaled(part.array, scaler, dtype), np.ascontiguousarray(y))


def _cast(y: Array, dtype: DType) -> Array:
    with np.errstate(over="ignore"):
        targets = y.astype(dtype)
    if not np.isfinite(targets).all():
        raise DataError(f"data: a target is too large for {dtype}")
    return targets


def _as_trained(raw: Raw, class_names: Sequence[str]) -> Raw:
    """Return the data as the kind the model was trained on: a few whole numbers may have been taken for classes."""
    if (raw.task == "classification") == bool(class_names):
        return raw
    values = [as_number(name) for name in raw.class_names]
    if class_names or None in values:
        want, got = ("classes", "numbers") if class_names else ("numbers", "classes")
        raise DataError(f"data: the model predicts {want}, the target column holds {got}")
    table = np.array(values, np.float64)
    train = Part(raw.train.X, table[raw.train.y, None])
    test = None if raw.test is None else Part(raw.test.X, table[raw.test.y, None])
    return replace(raw, train=train, test=test, task="regression", class_names=())
