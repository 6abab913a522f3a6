"""Which rows train, which validate, which test: drawn from the seed, class by class in the same proportions.

Rows of a group are kept together, and rows in the order of time are not drawn: the latest test and validate. Knows
nothing of inputs, only of rows, their classes, groups and times.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.data.folds import deal_rows, draw_groups, draw_latest, fold_by_groups, fold_of_time
from nntrain.data.placed_rows import PlacedRows
from nntrain.data.row_facts import NO_FACTS, RowFacts
from nntrain.errors import DataError

INDEX = {"test": 0, "validation": 1}  # each part has its own random stream: asking for one does not change the other's
FOLDS = 2  # and folds have theirs


Asked: TypeAlias = float | PlacedRows | None  # a count or a fraction of the rows, or which they are


class Rows(NamedTuple):
    """Row numbers of each part, ascending; None where a part was not asked for."""

    train: Array
    validation: Array | None
    test: Array | None


def split(
    n: int,
    classes: Array | None,
    *,
    validation: Asked,
    test: Asked,
    seed: int,
    listed: Mapping[str, Array] = MappingProxyType({}),
    facts: RowFacts = NO_FACTS,
) -> Rows:
    """Divide n rows; a whole number is a count, anything below 1 a fraction of all n rows, rounded half to even.

    Rows told by place are taken first, those of the test part before those for validation, and those that a file lists
    before all others: ``listed`` has them by part. What is left is drawn from: with ``classes`` (n,) int64 each part
    has every class in its share, and training keeps a row of each. Of ``facts`` with groups whole groups are drawn, and
    with an order the latest rows are taken. DataError when a part would be empty, or nothing were left to train on.
    """
    kinds = np.zeros(n, np.int64) if classes is None else classes
    rows = np.arange(n)
    asked = {name: part for name, part in (("test", test), ("validation", validation)) if part is not None}
    placed = {name: part for name, part in asked.items() if isinstance(part, PlacedRows)}
    sizes = {name: _size(name, part, n) for name, part in asked.items() if not isinstance(part, PlacedRows)}
    parts: dict[str, Array] = {}
    for name in sorted(placed, key=lambda name: name not in listed):
        chosen = placed[name].choose(name, rows, listed.get(name))
        _check_whole_groups(name, facts.groups, rows, chosen)
        parts[name], rows = rows[chosen], rows[~chosen]
    if placed and not len(rows):
        raise DataError(f"data.{next(iter(placed))}: no row of {n} is left to train on")
    for name, size in sizes.items():
        rng, own = generator(seed, Stream.SPLIT, INDEX[name]), facts.take(rows)
        if own.order is not None:
            chosen = draw_latest(own.order, size, name)
        elif own.groups is not None:
            chosen = draw_groups(own.groups, kinds[rows], size, rng, name)
        else:
            chosen = _draw(kinds[rows], size, rng, name)
        parts[name], rows = rows[chosen], rows[~chosen]
    return Rows(rows, parts.get("validation"), parts.get("test"))


def validate_fold(rows: Rows, classes: Array | None, facts: RowFacts, *, folds: int, fold: int, seed: int) -> Rows:
    """Let fold number ``fold`` of the rows that train validate; ``classes`` and ``facts`` are those of all n rows.

    Folds are stratified by class, of whole groups, or, with an order, spans of time with all earlier rows to train on.
    DataError when that cannot be done.
    """
    own = facts.take(rows.train)
    if own.order is not None:
        train, validation = fold_of_time(own.order, folds, fold)
        return Rows(rows.train[train], rows.train[validation], rows.test)
    if folds > len(rows.train):
        raise DataError(f"data.folds: {folds} folds need as many rows, got {len(rows.train)}")
    kinds = np.zeros(len(rows.train), np.int64) if classes is None else classes[rows.train]
    rng = generator(seed, Stream.SPLIT, FOLDS)
    number = deal_rows(kinds, folds, rng) if own.groups is None else fold_by_groups(own.groups, kinds, folds, rng)
    return Rows(rows.train[number != fold], rows.train[number == fold], rows.test)


def _check_whole_groups(name: str, groups: Array | None, rows: Array, chosen: Array) -> None:
    if groups is not None and (shared := np.intersect1d(groups[rows[chosen]], groups[rows[~chosen]])).size:
        row = rows[groups[rows] == shared[0]][0]
        raise DataError(f"data.{name}: these rows and others are of one group, that of row {row}, the first row is 0")


def split_by_draws(draws: Array, *, validation: Asked, test: Asked) -> Rows:
    """Divide rows by numbers in [0, 1): the lowest fraction tests, the next validates. DataError for an empty part."""
    for name, part in (("test", test), ("validation", validation)):
        if isinstance(part, int | PlacedRows):
            got = f"the count {part}" if isinstance(part, int) else f"{part}"
            raise DataError(f"data.{name}: with a key this is a fraction of the rows, got {got}")
    assert not isinstance(test, PlacedRows)
    assert not isinstance(validation, PlacedRows)
    first, second = test or 0.0, (test or 0.0) + (validation or 0.0)
    asked = {"test": (test, draws < first), "validation": (validation, (draws >= first) & (draws < second))}
    parts = {name: np.flatnonzero(mask) for name, (part, mask) in asked.items() if part is not None}
    train = np.flatnonzero(draws >= second)
    for name, rows in {"train": train, **parts}.items():
        if not len(rows):
            raise DataError(f"data.{name}: none of the {len(draws)} rows has a key that falls in this part")
    return Rows(train, parts.get("validation"), parts.get("test"))


def split_by_sides(sides: Array) -> Rows:
    """Divide rows by the index in (train, validation, test) of the part that each belongs to."""
    train, validation, test = (np.flatnonzero(sides == index) for index in range(3))
    if not len(train):
        raise DataError("data: the split column leaves no row to train on")
    return Rows(train, validation if len(validation) else None, test if len(test) else None)


def draw(key: str, seed: int) -> float:
    """Return the number in [0, 1) of a key: the same for every row with this key, in every file and on any machine."""
    digest = hashlib.blake2b(key.encode(), digest_size=8, person=str(seed).encode()[:16]).digest()
    return int.from_bytes(digest, "big") / 2**64


def _size(name: str, part: float, n: int) -> int:
    size = part if isinstance(part, int) else round(part * n)
    if size < 1:
        raise DataError(f"data.{name}: {part} of {n} rows is less than one row")
    return int(size)


def _draw(groups: Array, size: int, rng: np.random.Generator, name: str) -> Array:
    """Return a mask over the rows with ``size`` of them chosen."""
    counts = np.bincount(groups)
    if size > np.maximum(counts - 1, 0).sum():
        left = "a row" if len(counts) == 1 else "a row of each class"
        raise DataError(f"data.{name}: {size} rows taken from {len(groups)} would not leave {left} to train on")
    order = rng.permutation(len(groups))
    order = order[np.argsort(groups[order], kind="stable")]  # group after group, each in random order
    sorted_groups = groups[order]
    rank = np.arange(len(groups)) - (np.cumsum(counts) - counts)[sorted_groups]  # position within the group
    chosen = np.zeros(len(groups), bool)
    chosen[order[rank < _shares(counts, size)[sorted_groups]]] = True
    return chosen


def _shares(counts: Array, size: int) -> Array:
    """Divide ``size`` among groups by largest remainder, at least one row of each non-empty group left over."""
    exact = counts * (size / counts.sum())
    room = np.maximum(counts - 1, 0)
    shares: Array = np.minimum(np.floor(exact).astype(np.int64), room)
    while (missing := size - shares.sum()) > 0:
        remainder = np.where(shares < room, exact - shares, -np.inf)
        open_groups = np.argsort(-remainder, kind="stable")[: min(missing, int((shares < room).sum()))]
        shares[open_groups] += 1
    return shares
