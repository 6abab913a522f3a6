"""Loaded data divided into parts: as the source says, by groups, by time, by folds, or drawn class by class.

Knows nothing of models, or of how parts are encoded and scaled.
"""

import numpy as np

from nntrain.core.distinct import distinct
from nntrain.core.types import Array
from nntrain.data.dataset import Part, Raw
from nntrain.data.options import DataOptions
from nntrain.data.split import Rows, split, split_by_draws, split_by_sides, validate_fold
from nntrain.data.text import quoted
from nntrain.errors import DataError


def divide(raw: Raw, options: DataOptions, seed: int) -> dict[str, Part]:
    """Return the parts there are, unscaled."""
    if raw.test is not None and options.test is not None:
        raise DataError(f"data.test: the source brings a test part of {len(raw.test)} rows; leave `test` out")
    classes = raw.train.y if raw.task == "classification" else None
    n = len(raw.train)
    _check_told(raw, options)
    rows = _rows(raw, classes, options, seed)
    if classes is not None and (options.folds or raw.facts.groups is not None):
        _check_classes(raw, rows.train, "data.folds" if options.folds else "data.groups")
    if raw.test is not None and rows.test is not None:
        raise DataError(f"data: the source brings a test part of {len(raw.test)} rows, the split column another")
    if len(rows.train) == n:
        parts = {"train": raw.train}
    else:
        parts = {name: raw.train.take(chosen) for name, chosen in rows._asdict().items() if chosen is not None}
    return parts if raw.test is None else {**parts, "test": raw.test}


def describe_division(options: DataOptions, raw: Raw) -> str:
    """Return in words how rows were divided where it was not only drawn, else nothing."""
    parts = [f"fold {options.fold or 0} of {options.folds} validates"] if options.folds else []
    if raw.facts.groups is not None:
        parts.append(f"{len(distinct(raw.facts.groups)):,} whole groups by {options.groups}")
    if raw.facts.order is not None:
        parts.append(f"in the order of {options.order}")
    if options.sample_weight is not None:
        parts.append(f"weighted by {options.sample_weight}")
    return ", ".join(parts)


def _rows(raw: Raw, classes: Array | None, options: DataOptions, seed: int) -> Rows:
    """Return which rows are in which part: as the data say, by their keys, or drawn class by class."""
    if raw.sides is not None:
        return split_by_sides(raw.sides)
    shares = {"validation": options.validation, "test": options.test}
    if raw.draws is not None:
        return split_by_draws(raw.draws, **shares)
    own = options.seed_or(seed)
    rows = split(len(raw.train), classes, **shares, seed=own, listed=raw.listed, facts=raw.facts)
    if options.folds is None:
        return rows
    return validate_fold(rows, classes, raw.facts, folds=options.folds, fold=options.fold or 0, seed=own)


def _check_told(raw: Raw, options: DataOptions) -> None:
    """Raise DataError where the options divide rows that the source divides, or by columns that are not there."""
    told = {"groups": raw.facts.groups, "order": raw.facts.order}
    asked = [name for name in told if getattr(options, name) is not None]
    more = [*(["folds"] if options.folds else []), *asked]
    if raw.sides is not None:
        names = [name for name in ("validation", "test") if getattr(options, name) is not None] + more
        if names:
            told_so = "`validation` and `test`" if not more else ", ".join(f"`{name}`" for name in names)
            raise DataError(f"data: the split column divides the rows; leave {told_so} out")
    if raw.draws is not None and more:
        raise DataError(f"data.{more[0]}: data.source.key divides the rows already; use data.groups in its place")
    for name in asked:
        if told[name] is None:
            raise DataError(f"data.{name}: there is no column {getattr(options, name)!r} to divide these data by")


def _check_classes(raw: Raw, train: Array, where: str) -> None:
    """Raise DataError when a class has no row among those that train."""
    lost = np.flatnonzero(np.isin(np.arange(len(raw.class_names)), raw.train.y) & ~_are_in(train, raw))
    if len(lost):
        name = quoted(raw.class_names[lost[0]])
        why = "all its groups are in the other parts" if raw.facts.groups is not None else "it has too few rows"
        raise DataError(f"{where}: class {name} has no row left to train on: {why}")


def _are_in(rows: Array, raw: Raw) -> Array:
    """Tell of each class whether one of these rows is of it."""
    return np.asarray(np.isin(np.arange(len(raw.class_names)), raw.train.y[rows]))
