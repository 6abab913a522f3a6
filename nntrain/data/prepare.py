"""From options to data ready for a network: load, split, encode, scale. Fitting sees the training rows alone.

Knows nothing of models, and of single sources only that they load.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nntrain.core.types import Array, DType
from nntrain.data.dataset import SPLITS, Dataset, Part, Raw, no_such_part
from nntrain.data.fingerprint import TrainedRows
from nntrain.data.options import DataOptions
from nntrain.data.sources import Source
from nntrain.data.sources.known_columns import load_known
from nntrain.data.sources.tabular import TableSource
from nntrain.data.split import Rows, split, split_by_draws, split_by_sides
from nntrain.data.tables.labels import match_undotted, match_unpadded, rename
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.data.text import quoted
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.target_scaler import TargetScale, TargetScaler, check_size
from nntrain.data.transforms.transform import Transform
from nntrain.errors import DataError, did_you_mean


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPart:
    """A part of data for a model that is trained already, called as it is to be shown, and notes on it.

    ``truth`` holds the targets as the source has them, class indices as the model numbers them.
    """

    name: str
    part: Part
    truth: Array
    notes: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedOn:
    """What a model was trained on: the fingerprint of the data, their options, the digests of its rows if kept."""

    fingerprint: str
    options: DataOptions
    rows: TrainedRows | None


def prepare(options: DataOptions, *, seed: int, dtype: DType) -> Dataset:
    """Load, split and scale everything; DataError when the data cannot be read, divided or learned from."""
    raw = options.source.load(seed)
    if raw.task == "classification" and len(raw.class_names) < 2:
        raise DataError(f"data: one class only, got {quoted(raw.class_names[0])} in all {len(raw.train)} rows")
    found: list[str] = []
    with _collect(found):
        parts = divide(raw, options, seed)
    with _collect(found):
        scale = _target_scale(raw, options)
    if found:
        raise DataError("\n".join(found))
    names = raw.feature_names
    encoder = Encoder.identity()
    if raw.encodes:
        encoder = Encoder.fit(parts["train"].array, raw.texts, names, fills=raw.fills)
    transform = Transform.fit(parts["train"].X, options.scale, encoder)
    targets = TargetScaler.fit(parts["train"].y, scale)
    ready = {name: _ready(part, transform, targets, raw.texts, dtype) for name, part in parts.items()}
    if raw.task == "regression" and dtype == "float32":
        check_size(ready["train"].y)
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
        TrainedRows.of(ready["train"].X, ready["train"].y),
    )


@contextmanager
def _collect(found: list[str]) -> Iterator[None]:
    """Add a DataError to those found, so that all of them can be told together."""
    try:
        yield
    except DataError as error:
        found.append(str(error))


def prepare_part(
    options: DataOptions, split: str, wanted: WantedColumns, *, seed: int, trained_on: TrainedOn | None = None
) -> ScoredPart:
    """Return one part, divided as in training, for a model that brings its columns, transforms and class names.

    With ``trained_on`` rows that the model has seen are told of; of other data ``train`` means every row, named after
    their file. DataError when the part does not exist, or its columns or classes are not the model's.
    """
    if split not in SPLITS:
        raise DataError(f"split: unknown name, got '{split}'{did_you_mean(split, SPLITS)}")
    raw = _load(options.source, seed, wanted)
    _check_kind(raw, wanted.class_names)
    _check_columns(raw, wanted)
    changed = trained_on is not None and raw.fingerprint() != trained_on.fingerprint
    whole = changed and split == "train"
    parts = {"train": raw.train} if whole else divide(raw, options, seed)
    if split not in parts:
        raise no_such_part(split)
    part = parts[split]
    if raw.task == "classification":
        names = match_undotted(match_unpadded(raw.class_names, wanted.class_names), wanted.class_names)
        part = rename(part, names, wanted.class_names, lambda _: "data")
    encoder = wanted.transform.encoder
    texts: Sequence[Sequence[str]] = ()
    if encoder or raw.texts:
        X, texts = encoder.adapt(part.array, raw.texts)
        part = replace(part, X=X)
    ready = _ready(part, wanted.transform, wanted.target_scaler, texts, wanted.dtype)
    notes = [*raw.notes, *_notes({split: part}, encoder, texts)]
    name = _file_name(options.source) if whole else split
    if trained_on is not None:
        notes += _seen_notes(ready, name, raw, options, trained_on, changed=changed)
    return ScoredPart(name, ready, part.y, notes)


def _load(source: Source, seed: int, wanted: WantedColumns) -> Raw:
    """Load data as the task that a model was trained for, a table with the model's columns."""
    settings: Any = source
    if getattr(source, "task", None) == "auto" and wanted.task != "reconstruction":
        settings = replace(settings, task=wanted.task)
    if isinstance(settings, TableSource):
        return load_known(settings, seed, wanted)
    raw: Raw = settings.load(seed)
    return raw


def _file_name(source: Source) -> str:
    """Return the name of the file that a source reads, or of its kind where it reads none."""
    path = getattr(source, "path", None) or getattr(source, "X", None)
    return Path(path).name if isinstance(path, Path) else source.kind


def _seen_notes(
    part: Part, name: str, raw: Raw, options: DataOptions, trained_on: TrainedOn, *, changed: bool
) -> list[str]:
    """Return a note when rows of a part that is no longer that of the run were trained on, or may have been."""
    asked, before = ((o.validation, o.test) for o in (options, trained_on.options))
    if not changed and (name == "train" or asked == before):
        return []
    fixed = raw.sides is not None or raw.draws is not None or (name == "test" and raw.test is not None)
    drawn = name not in SPLITS or not fixed
    if trained_on.rows is None:
        why = "cannot be counted, since the checkpoint keeps no digests of the rows that it was trained on"
        return [f"{_other_parts(name, changed)}; how many of its rows were trained on {why}"] if drawn else []
    seen = trained_on.rows.count(part.X, part.y)
    if not seen and not (drawn and changed):
        return []
    about = "" if trained_on.rows.exact else "about "
    advice = f"; these figures say nothing of new rows: {ADVICE}" if seen else ""
    return [f"{_other_parts(name, changed)}; {about}{seen} of its {len(part)} rows were trained on{advice}"]


ADVICE = "give a file of such rows as data.source.test, or divide by a split or key column"


def _other_parts(name: str, changed: bool) -> str:
    if name not in SPLITS:
        return f"data: these are not the data of the run, so every row of {name} is scored"
    if changed:
        return f"data: these are not the data of the run (their fingerprints differ), and so is the {name} part"
    return f"data: data.validation and data.test are not those of the run, so the {name} part is another"


def _notes(parts: Mapping[str, Part], encoder: Encoder, texts: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each column and part with texts that training never saw."""
    if not any(texts):
        return []
    unseen = [(name, item) for name, part in parts.items() for item in encoder.unseen(part.array, texts)]
    return [f"{name}: {encoder.describe_unseen(item)}" for name, item in unseen]


def _check_columns(raw: Raw, wanted: WantedColumns) -> None:
    """Refuse other widths than the model's, as far as they are told."""
    width, columns = raw.train.X.shape[1], raw.train.y.shape[1:]
    if width != wanted.width:
        raise DataError(f"data: {width} features, the model takes {wanted.width}")
    if wanted.n_targets is not None and columns and columns != (wanted.n_targets,):
        raise DataError(f"data: {columns[0]} target columns, the model predicts {wanted.n_targets}")


def _check_kind(raw: Raw, class_names: Sequence[str]) -> None:
    """Refuse classes for a model of numbers, and numbers for one of classes."""
    if (raw.task == "classification") != bool(class_names):
        want, got = ("classes", "numbers") if class_names else ("numbers", "classes")
        raise DataError(f"data: the model predicts {want}, the target column holds {got}")


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
    return replace(part, X=transform.apply(part.X, texts, dtype), y=targets.apply(part.y, dtype))
