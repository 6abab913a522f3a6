"""From options to data ready for a network: load, split, encode, scale. Fitting sees the training rows alone.

Knows nothing of models, and of single sources only that they load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nntrain.core.types import Array, DType
from nntrain.data.dataset import SPLITS, Dataset, Part, Raw, no_such_part
from nntrain.data.options import DataOptions
from nntrain.data.split import Rows, split, split_by_draws, split_by_sides
from nntrain.data.tables.labels import as_number, match_undotted, rename
from nntrain.data.text import quoted
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.target_scaler import TargetScale, TargetScaler
from nntrain.data.transforms.transform import Transform
from nntrain.errors import DataError, did_you_mean

UNSCALED = TargetScaler.identity()


def prepare(options: DataOptions, *, seed: int, dtype: DType) -> Dataset:
    """Load, split and scale everything; DataError when the data cannot be read, divided or learned from."""
    raw = options.source.load(seed)
    if raw.task == "classification" and len(raw.class_names) < 2:
        raise DataError(f"data: one class only, got {quoted(raw.class_names[0])} in all {len(raw.train)} rows")
    parts = divide(raw, options, seed)
    names = raw.feature_names
    encoder = Encoder.identity()
    if raw.encodes:
        encoder = Encoder.fit(parts["train"].array, raw.texts, names, fills=raw.fills)
    transform = Transform.fit(parts["train"].X, options.scale, encoder)
    targets = TargetScaler.fit(parts["train"].y, _target_scale(raw, options))
    ready = {name: _ready(part, transform, targets, raw.texts, dtype) for name, part in parts.items()}
    return Dataset(
        ready["train"],
        ready.get("validation"),
        ready.get("test"),
        raw.task,
        raw.class_names,
        encoder.feature_names if encoder else names,
        raw.target_names,
        transform,
        raw.fingerprint(),
        raw.image_shape,
        (*raw.notes, *_notes(parts, encoder, raw.texts)),
        targets,
    )


def prepare_part(
    options: DataOptions,
    split: str,
    *,
    transform: Transform,
    targets: TargetScaler = UNSCALED,
    class_names: Sequence[str],
    seed: int,
    dtype: DType,
    n_features: int | None = None,
    n_targets: int | None = None,
) -> tuple[Part, Sequence[str]]:
    """Return one part, divided as in training, for a model that brings its transforms and class names, and notes.

    Without classes ``class_names`` is (). DataError when the part does not exist, or its columns or classes are not
    the model's.
    """
    if split not in SPLITS:
        raise DataError(f"split: unknown name, got '{split}'{did_you_mean(split, SPLITS)}")
    raw = _as_trained(options.source.load(seed), class_names)
    _check_columns(raw, transform.n_columns or n_features, n_targets)
    parts = divide(raw, options, seed)
    if split not in parts:
        raise no_such_part(split)
    part = rename(parts[split], match_undotted(raw.class_names, class_names), class_names, lambda _: "data")
    encoder = transform.encoder
    texts: Sequence[Sequence[str]] = ()
    if encoder or raw.texts:
        X, texts = encoder.adapt(part.array, raw.texts)
        part = Part(X, part.y)
    return _ready(part, transform, targets, texts, dtype), [*raw.notes, *_notes({split: part}, encoder, texts)]


def _notes(parts: Mapping[str, Part], encoder: Encoder, texts: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each column and part with texts that training never saw."""
    if not any(texts):
        return []
    unseen = [(name, item) for name, part in parts.items() for item in encoder.unseen(part.array, texts)]
    return [f"{name}: {encoder.describe_unseen(item)}" for name, item in unseen]


def _check_columns(raw: Raw, n_features: int | None, n_targets: int | None) -> None:
    """Refuse other widths than the model's, as far as they are told."""
    width, columns = raw.train.X.shape[1], raw.train.y.shape[1:]
    if n_features not in (None, width):
        raise DataError(f"data: {width} features, the model takes {n_features}")
    if n_targets is not None and columns and columns != (n_targets,):
        raise DataError(f"data: {columns[0]} target columns, the model predicts {n_targets}")


def divide(raw: Raw, options: DataOptions, seed: int) -> dict[str, Part]:
    """Return the parts there are, unscaled."""
    if raw.test is not None and options.test is not None:
        raise DataError(f"data.test: the source brings a test part of {len(raw.test)} rows; leave `test` out")
    classes = raw.train.y if raw.task == "classification" else None
    n = len(raw.train)
    rows = _rows(raw, classes, options, seed)
    if raw.test is not None and rows.test is not None:
        raise DataError(f"data: the source brings a test part of {len(raw.test)} rows, the split column another")
    if len(rows.train) == n:
        parts = {"train": raw.train}
    else:
        parts = {name: raw.train.take(chosen) for name, chosen in rows._asdict().items() if chosen is not None}
    return parts if raw.test is None else {**parts, "test": raw.test}


def _rows(raw: Raw, classes: Array | None, options: DataOptions, seed: int) -> Rows:
    """Return which rows are in which part: as the data say, by their keys, or drawn class by class."""
    if raw.sides is not None:
        if options.validation is not None or options.test is not None:
            raise DataError("data: the split column divides the rows; leave `validation` and `test` out")
        return split_by_sides(raw.sides)
    shares = {"validation": options.validation, "test": options.test}
    if raw.draws is not None:
        return split_by_draws(raw.draws, **shares)
    return split(len(raw.train), classes, **shares, seed=seed)


def _target_scale(raw: Raw, options: DataOptions) -> TargetScale:
    if options.target_scale != "none" and raw.task != "regression":
        raise DataError(f"data.target_scale: {options.target_scale} is for regression, the data are {raw.task}")
    return options.target_scale


def _ready(
    part: Part, transform: Transform, targets: TargetScaler, texts: Sequence[Sequence[str]], dtype: DType
) -> Part:
    """Return a part encoded and scaled; targets in the dtype of the run, class indices as they are."""
    return Part(transform.apply(part.X, texts, dtype), targets.apply(part.y, dtype))


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
