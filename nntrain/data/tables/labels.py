"""Targets: from numbers or text as stored to class indices with names, or to numbers.

Class names that are whole numbers are ordered as numbers ("2" before "10"), other names as text.
Knows nothing of files.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from nntrain.core.distinct import distinct_codes
from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.text import choices, quoted
from nntrain.errors import DataError

TaskChoice: TypeAlias = Literal["auto", "classification", "multilabel", "regression"]
MAX_AUTO = 20  # distinct whole numbers up to which a target is taken for classes unless told otherwise
ONE_COLUMN = "classes are one column, or several with a single 1 among 0s in each row"
_WHOLE = re.compile(r"[+-]?\d{1,40}(\.0*)?")
_PADDED = re.compile(r"[+-]?0\d+")


def is_padded(text: str) -> bool:
    """Return whether a text is a whole number with leading zeros, such as ``007``: a code, whose spelling counts."""
    return _PADDED.fullmatch(text) is not None


def as_whole(text: str) -> int | None:
    """Return the whole number that a text such as ``7``, ``-1``, ``3.0`` or ``1e0`` stands for, else None."""
    if _WHOLE.fullmatch(text):
        return int(text.partition(".")[0])
    number = as_number(text)
    return int(number) if number is not None and number.is_integer() and abs(number) < 2**53 else None


def as_number(text: str) -> float | None:
    """Return the number that a text stands for, else None."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def choose_task(texts: Sequence[str], asked: TaskChoice) -> TaskChoice:
    """Return what a column with these distinct values is: classes when text or a few whole numbers, else numbers.

    One word among many numbers is a slip, not a class: the column counts as numbers and the word as its fault.
    """
    if asked != "auto":
        return asked
    numbers = [number for text in texts if (number := as_number(text)) is not None]
    if len(numbers) > MAX_AUTO:
        return "regression"
    return "regression" if any(not number.is_integer() for number in numbers) else "classification"


def name_classes(texts: Sequence[str], codes: Array, where: str) -> tuple[Array, tuple[str, ...]]:
    """Return class indices (n,) int64 and their names for values given as codes (n,) into distinct texts.

    Different spellings of one whole number (``1``, ``1.0``) are one class, but leading zeros count: ``07`` and ``007``
    are two classes, and neither is ``7``. DataError for numbers that are not whole.
    """
    wholes = [as_whole(text) for text in texts]
    if all(whole is not None for whole in wholes):
        spelled = [text if is_padded(text) else str(whole) for text, whole in zip(texts, wholes, strict=True)]
        names = tuple(sorted(set(spelled), key=lambda name: (int(name), name)))
    else:
        numbers = [text for text in texts if as_number(text) is not None]
        if len(numbers) == len(texts):
            odd = next(text for text, whole in zip(texts, wholes, strict=True) if whole is None)
            raise DataError(
                f"{where}: a class label is a whole number or text, got {odd}; for numbers, task: regression"
            )
        spelled, names = list(texts), tuple(sorted(texts))
    position = {name: index for index, name in enumerate(names)}
    table = np.array([position[name] for name in spelled], np.int64)
    return table[codes.astype(np.int64)], names


def is_one_hot(y: Array) -> bool:
    """Return whether targets (n, k) are 0 and 1 with exactly one 1 in each row, of whatever type; NaN where missing."""
    if y.ndim != 2 or y.shape[1] < 2 or not len(y):
        return False
    given = y[~np.isnan(y).any(axis=1)] if y.dtype.kind == "f" else y
    return bool(len(given) and np.isin(given, (0, 1)).all() and (np.count_nonzero(given, axis=1) == 1).all())


def one_hot_note(where: str, names: Sequence[str]) -> str:
    """Return the note on targets that were taken for classes since each row has exactly one 1."""
    few = ", ".join(quoted(name)[1:-1] for name in names[:4]) + (", …" if len(names) > 4 else "")
    what = f"each row has exactly one 1, so the {len(names)} columns are taken for one class each ({few})"
    return f"{where}: {what}; data.source.task: multilabel takes them for labels of their own"


def labels_of(values: Array, where: str) -> tuple[Array, tuple[str, ...]]:
    """Return class indices and names for labels stored as an array (n,) of numbers, booleans or text."""
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    distinct, codes = distinct_codes(values)
    if values.dtype.kind == "S":
        distinct = np.char.decode(distinct, "utf-8", "replace")
    return name_classes([str(value) for value in distinct.tolist()], codes, where)


def match_unpadded(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return class names without leading zeros, if that makes all known: older checkpoints have numbers so."""
    if set(names) <= set(known):
        return tuple(names)
    bare = tuple(str(int(name)) if is_padded(name) else name for name in names)
    return bare if set(bare) <= set(known) and len(set(bare)) == len(bare) else tuple(names)


def match_undotted(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return class names without a full stop at their ends, if that and nothing less makes all of them known."""
    bare = tuple(name.removesuffix(".") for name in names)
    return tuple(names) if set(names) <= set(known) or not set(bare) <= set(known) else bare


def rename(part: Part, names: Sequence[str], known: Sequence[str], where: Callable[[str], str]) -> Part:
    """Return the part with its classes numbered as in ``known``; DataError at ``where(name)`` for one not there."""
    if tuple(names) == tuple(known):
        return part
    position = {name: index for index, name in enumerate(known)}
    for index in np.unique(part.y).tolist():
        if names[index] not in position:
            name = names[index]
            raise DataError(f"{where(name)}: class {quoted(name)} never occurs in training{choices(name, known)}")
    table = np.array([position.get(name, -1) for name in names], np.int64)
    return replace(part, y=table[part.y])
