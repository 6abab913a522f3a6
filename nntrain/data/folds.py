"""Rows dealt into folds or parts: class by class in the same proportions, by whole groups, or in the order of time.

Knows nothing of inputs, and of rows only their classes, groups and times.
"""

import numpy as np

from nntrain.core.types import Array
from nntrain.errors import DataError


def deal_rows(classes: Array, folds: int, rng: np.random.Generator) -> Array:
    """Return the fold of each row (n,): folds differ by at most one row, in all and in each class (n,)."""
    order = rng.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]  # class after class, each in random order
    fold = np.empty(len(classes), np.int64)
    fold[order] = np.arange(len(classes)) % folds
    return fold


def deal_groups(
    groups: Array, classes: Array, shares: Array, rng: np.random.Generator, *, heaviest_first: bool
) -> Array:
    """Return the part of each row (n,), of parts with these ``shares``; the rows of a group are in one part.

    One group after another goes where it evens out the classes best: where Σ over parts and classes of
    (rows / rows of the class)² / share grows least. The heaviest first makes parts that are as equal as can be, a
    random order makes parts that differ from seed to seed.
    """
    numbers, group = np.unique(groups, return_inverse=True)
    weights = 1.0 / np.maximum(np.bincount(classes), 1) ** 2
    rows = np.argsort(group, kind="stable")
    pieces = np.split(classes[rows], np.cumsum(np.bincount(group))[:-1])  # the classes of each group
    order = rng.permutation(len(numbers))
    if heaviest_first:
        weight = np.array([np.square(np.bincount(piece, minlength=len(weights))) @ weights for piece in pieces])
        order = order[np.argsort(-weight[order], kind="stable")]
    held = np.zeros((len(shares), len(weights)))  # rows of each class in each part
    part_of_group = np.empty(len(numbers), np.int64)
    for g in order:
        own = np.bincount(pieces[g], minlength=len(weights))
        growth = (2 * held @ (own * weights) + (own * own) @ weights) / shares
        filled = held.sum(axis=1) / shares
        part = np.lexsort((filled, growth))[0]
        held[part] += own
        part_of_group[g] = part
    return np.asarray(part_of_group[group])


def fold_by_groups(groups: Array, classes: Array, folds: int, rng: np.random.Generator) -> Array:
    """Return the fold of each row (n,), no group in two folds. DataError for fewer groups than folds."""
    count = len(np.unique(groups))
    if count < folds:
        raise DataError(f"data.folds: {folds} folds need as many groups, got {count}")
    return deal_groups(groups, classes, np.full(folds, 1.0 / folds), rng, heaviest_first=True)


def draw_groups(groups: Array, classes: Array, size: int, rng: np.random.Generator, name: str) -> Array:
    """Return a mask over the rows (n,) with whole groups of about ``size`` rows; both sides get a group at least."""
    share = size / len(groups)
    if len(np.unique(groups)) < 2 or share >= 1:
        raise DataError(f"data.{name}: {size} rows of whole groups taken from {len(groups)} would leave no group")
    part = deal_groups(groups, classes, np.array([share, 1 - share]), rng, heaviest_first=False)
    if not (part == 0).any():  # every group is larger than what is asked for: the smallest comes nearest
        numbers, sizes = np.unique(groups, return_counts=True)
        return np.asarray(groups == numbers[sizes.argmin()])
    return np.asarray(part == 0)


def fold_of_time(order: Array, folds: int, fold: int) -> tuple[Array, Array]:
    """Return the rows (ascending) that train and that validate: all before a time, and those of the span after it.

    n rows have ``folds`` spans of n // (folds + 1) rows at their end; rows of one time are in one span. DataError where
    a side is empty.
    """
    ascending = np.argsort(order, kind="stable")
    span = len(order) // (folds + 1)
    first, stop = len(order) - (folds - fold) * span, len(order) - (folds - fold - 1) * span
    first, stop = (_beginning(order[ascending], place) for place in (first, stop))
    if first == 0 or first == stop:
        side = "before it to train on" if first == 0 else "in it"
        raise DataError(f"data.folds: {folds} folds in order leave fold {fold} no row {side}; take fewer folds")
    return np.sort(ascending[:first]), np.sort(ascending[first:stop])


def draw_latest(order: Array, size: int, name: str) -> Array:
    """Return a mask over the rows (n,) with the latest ``size`` of them; rows of one time stay together."""
    ascending = np.argsort(order, kind="stable")
    first = _beginning(order[ascending], len(order) - size)
    if first <= 0:
        raise DataError(f"data.{name}: the latest {size} rows of {len(order)}, with those of the same time, leave none")
    chosen = np.zeros(len(order), bool)
    chosen[ascending[first:]] = True
    return chosen


def _beginning(times: Array, place: int) -> int:
    """Return the place of the first row with the time of the row at ``place``; all places ascend with time."""
    return place if place >= len(times) or place <= 0 else int(np.searchsorted(times, times[place]))
