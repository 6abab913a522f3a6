"""Data for a model that is trained already: a part of the data of its spec, or every row of a file.

Knows nothing of models, and of single sources only that they load.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nntrain.core.types import Array
from nntrain.data.dataset import SPLITS, Part, Raw, no_such_part
from nntrain.data.division import divide
from nntrain.data.fingerprint import TrainedRows
from nntrain.data.options import DataOptions
from nntrain.data.prepare import make_ready, unseen_notes
from nntrain.data.sources import Source
from nntrain.data.sources.known_columns import load_known
from nntrain.data.sources.tabular import TableSource
from nntrain.data.sources.whole_file import Groups, groups_of, source_of_file
from nntrain.data.tables.labels import match_undotted, match_unpadded, rename
from nntrain.data.tables.row_columns import RowColumns
from nntrain.data.tables.wanted_columns import WantedColumns
from nntrain.errors import DataError, did_you_mean


@dataclass(frozen=True, slots=True, eq=False)
class KnownPart:
    """Rows that a trained model is scored on, called as they are to be shown, and notes on them.

    ``truth`` holds the targets as the source has them, class indices as the model numbers them. ``groups`` are there
    where they were asked for.
    """

    name: str
    part: Part
    truth: Array
    notes: Sequence[str]
    groups: Groups | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrainedOn:
    """What a model was trained on: the fingerprint of the data, their options and seed, digests of its rows if kept."""

    fingerprint: str
    options: DataOptions
    seed: int
    rows: TrainedRows | None


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file whose every row is scored, and what in it is to be predicted, unless that is found as in training."""

    path: Path
    targets: Sequence[str] = ()


def prepare_part(
    options: DataOptions,
    split: str,
    wanted: WantedColumns,
    *,
    seed: int,
    trained_on: TrainedOn | None = None,
    by: str | None = None,
) -> KnownPart:
    """Return one part, divided as in training, for a model that brings its columns, transforms and class names.

    With ``trained_on`` rows that the model has seen are told of; of other data ``train`` means every row, named after
    their file. ``by`` is a column whose values are groups. DataError when the part does not exist, or its columns or
    classes are not the model's.
    """
    if split not in SPLITS:
        raise DataError(f"split: unknown name, got '{split}'{did_you_mean(split, SPLITS)}")
    raw = options.narrow(load_known(options.source, options.seed_or(seed), wanted, options.columns))
    changed = trained_on is not None and raw.fingerprint() != trained_on.fingerprint
    whole = changed and split == "train"
    parts = {"train": raw.train} if whole else divide(raw, options, seed)
    if split not in parts:
        raise no_such_part(split)
    name = _file_name(options.source) if whole else split
    part, truth, notes = _fit_to_model(raw, parts[split], split, wanted, lambda _: "data")
    if trained_on is not None:
        notes += _seen_notes(part, name, raw, trained_on, changed, _differing(options, seed, trained_on))
    groups = None if by is None else groups_of(options.source, split, by, part.rows, wanted)
    return KnownPart(name, part, truth, notes, groups)


def prepare_file(
    file: WholeFile,
    options: DataOptions,
    wanted: WantedColumns,
    *,
    seed: int,
    trained_on: TrainedOn | None = None,
    by: str | None = None,
) -> KnownPart:
    """Return every row of a file for a model, read as ``options``, those of its run, would read it.

    The rest is as in ``prepare_part``. DataError when there are no targets, or columns or classes are not the model's.
    """
    source = source_of_file(file.path, file.targets, options.source, wanted, options.columns)
    wanted = replace(wanted, aside=() if by is None else (by,))
    columns = options.columns if isinstance(source, TableSource) else RowColumns(weights=options.columns.weights)
    raw = load_known(source, options.seed_or(seed), wanted, columns)

    def first_row(index: int) -> str:
        row = raw.train.rows[int((raw.train.y == index).argmax())]
        return f"{file.path}: row {row} (the first is 0)"

    part, truth, notes = _fit_to_model(raw, raw.train, file.path.name, wanted, first_row)
    if raw.test is not None:
        notes.append(f"{file.path}: holds {len(raw.test)} test rows apart, which are not scored")
    seen = 0 if trained_on is None or trained_on.rows is None else trained_on.rows.count(part.X, part.y)
    if trained_on is not None and trained_on.rows is not None and seen:
        about = "" if trained_on.rows.exact else "about "
        notes.append(f"{file.path}: {about}{seen} of its {len(part)} rows were trained on, and say nothing of new ones")
    groups = None if by is None else groups_of(source, "train", by, part.rows, wanted)
    return KnownPart(file.path.name, part, truth, notes, groups)


def _fit_to_model(
    raw: Raw, part: Part, name: str, wanted: WantedColumns, first_row: Callable[[int], str]
) -> tuple[Part, Array, list[str]]:
    """Return a part as the model takes it, its true targets, and notes.

    ``first_row(index)`` is where the first row of a class of ``raw`` stands, for a message.
    """
    if raw.task == "classification":
        names = match_undotted(match_unpadded(raw.class_names, wanted.class_names), wanted.class_names)
        part = rename(part, names, wanted.class_names, lambda class_name: first_row(names.index(class_name)))
    encoder = wanted.transform.encoder
    texts: Sequence[Sequence[str]] = ()
    if encoder or raw.texts:
        X, texts = encoder.adapt(part.array, raw.texts)
        part = replace(part, X=X)
    ready = make_ready(part, wanted.transform, wanted.target_scaler, texts, wanted.dtype)
    return ready, part.y, [*raw.notes, *unseen_notes({name: part}, encoder, texts)]


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
