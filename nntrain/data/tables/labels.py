"""Targets: from numbers or text as stored to class indices with names, or to numbers.

Class names that are whole numbers are ordered as numbers ("2" before "10"), other names as text.
Knows nothing of files.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.text import choices, quoted
from nntrain.errors import DataError

TaskChoice: TypeAlias = Literal["auto", "classification", "multilabel", "regression"]
MAX_AUTO = 20  # distinct whole numbers up to which a target is taken for classes unless told otherwise
_WHOLE = re.compile(r"[+-]?\d{1,40}(\.0*)?")


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

    Different spellings of one whole number (``1``, ``1.0``) are one class. DataError for numbers that are not whole.
    """
    wholes = [as_whole(text) for text in texts]
    if all(whole is not None for whole in wholes):
        spelled = [str(whole) for whole in wholes]
        names = tuple(str(whole) for whole in sorted({whole for whole in wholes if whole is not None}))
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


def labels_of(values: Array, where: str) -> tuple[Array, tuple[str, ...]]:
    """Return class indices and names for labels stored as an array (n,) of numbers, booleans or text."""
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    distinct, codes = np.unique(values, return_inverse=True)
    if values.dtype.kind == "S":
        distinct = np.char.decode(distinct, "utf-8", "replace")
    return name_classes([str(value) for value in distinct.tolist()], codes, where)


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
    return Part(part.X, table[part.y])
