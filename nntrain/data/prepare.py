"""From options to data ready for a network: load, split, encode, scale. Fitting sees the training rows alone.

Knows nothing of models, and of single sources only that they load.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.core.distinct import distinct
from nntrain.core.types import Array, DType
from nntrain.data.dataset import SPLITS, Dataset, Part, Raw, no_such_part
from nntrain.data.describe.advice import Advice, Scales, advise
from nntrain.data.describe.survey import Survey, survey
from nntrain.data.division import describe_division, divide
from nntrain.data.fingerprint import TrainedRows
from nntrain.data.options import DataOptions
from nntrain.data.sources import Source
from nntrain.data.tables.labels import match_undotted, match_unpadded, rename
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.data.text import quoted
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.target_scaler import TargetScaler, check_size
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
    """What a model was trained on: the fingerprint of the data, their options and seed, digests of its rows if kept."""

    fingerprint: str
    options: DataOptions
    seed: int
    rows: TrainedRows | None


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
    ready = {name: _ready(part, transform, targets, raw.texts, dtype) for name, part in parts.items()}
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
        (*raw.notes, *_notes(parts, encoder, raw.texts), *warnings),
        targets,
        TrainedRows.of(ready["train"].X, ready["train"].y),
        _count_amounts(raw),
        describe_division(options, raw),
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


def prepare_part(
    options: DataOptions, split: str, wanted: WantedColumns, *, seed: int, trained_on: TrainedOn | None = None
) -> ScoredPart:
    """Return one part, divided as in training, for a model that brings its columns, transforms and class names.

    With ``trained_on`` rows that the model has seen are told of; of other data ``train`` means every row, named after
    their file. DataError when the part does not exist, or its columns or classes are not the model's.
    """
    if split not in SPLITS:
        raise DataError(f"split: unknown name, got '{split}'{did_you_mean(split, SPLITS)}")
    from nntrain.data.sources.known_columns import load_known  # here, since training does without

    raw = options.narrow(load_known(options.source, options.seed_or(seed), wanted, options.columns))
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
        notes += _seen_notes(ready, name, raw, trained_on, changed, _differing(options, seed, trained_on))
    return ScoredPart(name, ready, part.y, notes)


ADVICE = "give a file of such rows as data.source.test, or divide by a split or key column"


def _file_name(source: Source) -> str:
    """Return the name of the file that a source reads, or of its kind where it reads none."""
    path = getattr(source, "path", None) or getattr(source, "X", None)
    return Path(path).name if isinstance(path, Path) else source.kind


def _seen_notes(part: Part, name: str, raw: Raw, trained_on: TrainedOn, changed: bool, other: str) -> list[str]:
    """Return a note when rows of a part that is no longer that of the run were trained on, or may have been."""
    if not changed and (name == "train" or not other):
        return []
    fixed = raw.sides is not None or raw.draws is not None or (name == "test" and raw.test is not None)
    drawn = name not in SPLITS or not fixed
    if trained_on.rows is None:
        why = "cannot be counted, since the checkpoint keeps no digests of the rows that it was trained on"
        return [f"{_other_parts(name, changed, other)}; how many of its rows were trained on {why}"] if drawn else []
    seen = trained_on.rows.count(part.X, part.y)
    if not seen and not (drawn and changed):
        return []
    rows = f"{'' if trained_on.rows.exact else 'about '}{seen} of its {len(part)} rows were trained on"
    advice = f"; these figures say nothing of new rows: {ADVICE}" if seen else ""
    return [f"{_other_parts(name, changed, other)}; {rows}{advice}"]


def _differing(options: DataOptions, seed: int, trained_on: TrainedOn) -> str:
    """Return in words which options divide the rows otherwise than in training, nothing if none does."""
    if options.seed_or(seed) != trained_on.seed:
        return "data.seed is not that"
    before = trained_on.options
    if (options.validation, options.test) != (before.validation, before.test):
        return "data.validation and data.test are not those"
    divided = [(o.folds, o.fold or 0, o.groups, o.order) for o in (options, before)]
    return "data.folds, fold, groups and order are not those" if divided[0] != divided[1] else ""


def _other_parts(name: str, changed: bool, other: str) -> str:
    if name not in SPLITS:
        return f"data: these are not the data of the run, so every row of {name} is scored"
    if changed:
        return f"data: these are not the data of the run (their fingerprints differ), and so is the {name} part"
    return f"data: {other} of the run, so the {name} part is another"


def _notes(parts: Mapping[str, Part], encoder: Encoder, texts: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each column and part with texts that training never saw."""
    if not any(texts):
        return []
    unseen = [(name, item) for name, part in parts.items() for item in encoder.unseen(part.array, texts)]
    return [f"{name}: {encoder.describe_unseen(item)}" for name, item in unseen]


def _ready(
    part: Part, transform: Transform, targets: TargetScaler, texts: Sequence[Sequence[str]], dtype: DType
) -> Part:
    """Return a part encoded and scaled; targets in the dtype of the run, class indices as they are."""
    return replace(part, X=transform.apply(part.X, texts, dtype), y=targets.apply(part.y, dtype))
