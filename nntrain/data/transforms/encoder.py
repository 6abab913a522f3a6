"""From columns as a table holds them to features: gaps filled in, each text one-hot. Fitted on training rows alone.

Columns arrive as (n, k) float64, texts as indices into lists of them, NaN where a value is missing. Knows nothing of
files, targets or scaling.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nntrain.core.types import Array
from nntrain.data.text import quoted
from nntrain.errors import CheckpointError, DataError

FILL = "encoder.fill"  # name of the tensor in a checkpoint
MOST_CATEGORIES = 1000  # different texts of a column: more are names, not kinds


class Unseen(NamedTuple):
    """Texts of a column that training never saw: in how many rows, and the first of them."""

    column: int
    rows: int
    example: str


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """Columns → features. ``categories`` has the texts of each column, () where it holds numbers.

    ``fill`` (k,) stands in for what is missing: a number, or the index of a category; NaN where nothing does. A text
    that training never saw is 0 in all the features of its column.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    fill: Array

    @classmethod
    def identity(cls) -> "Encoder":
        """Return the encoder of inputs that are features already."""
        return cls((), (), np.empty(0))

    @classmethod
    def fit(cls, X: Array, texts: Sequence[Sequence[str]], names: Sequence[str], *, fills: bool) -> "Encoder":
        """Measure training rows X (n, k): which texts occur; with ``fills`` also means, and the most frequent texts."""
        categories, fill = [], np.full(X.shape[1], np.nan)
        for k, known in enumerate(texts):
            there = X[~np.isnan(X[:, k]), k]
            if not len(there) and fills:
                raise DataError(f"data: {_column_name(k, names)} has no value in any training row; ignore it")
            counts = np.bincount(there.astype(np.int64), minlength=len(known)) if known else np.zeros(0, np.int64)
            found = np.flatnonzero(counts).tolist()
            _check_number(len(found), len(X), _column_name(k, names))
            categories.append(tuple(known[index] for index in found))
            if fills:
                fill[k] = counts[found].argmax() if known else there.mean()
        return cls(tuple(names), tuple(categories), fill)

    def __bool__(self) -> bool:
        """Whether there is anything to encode."""
        return bool(self.categories)

    @property
    def is_number(self) -> Array:
        """Of each feature whether it is a number, not a text's one-hot place: (d,) bool."""
        return np.repeat([not known for known in self.categories], self._widths)

    @property
    def n_features(self) -> int:
        """Number d of features."""
        return sum(self._widths)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Return a name for each feature, such as ``age`` and ``sex=F``."""
        names = self.names or tuple(str(k) for k in range(len(self.categories)))
        columns = zip(names, self.categories, strict=True)
        return tuple(f for name, known in columns for f in ([f"{name}={text}" for text in known] or [name]))

    def apply(self, X: Array, texts: Sequence[Sequence[str]]) -> Array:
        """Return features (n, d) float64 for columns X (n, k) whose texts may be numbered otherwise."""
        out = np.zeros((len(X), self.n_features))
        at = 0
        for column, known, given, fill, width in zip(X.T, self.categories, texts, self.fill, self._widths, strict=True):
            if known:
                place = {text: index for index, text in enumerate(known)}
                table = np.array([place.get(text, -1) for text in given] + [-1 if np.isnan(fill) else fill], np.int64)
                chosen = table[np.where(np.isnan(column), -1, column).astype(np.int64)]
                rows = np.flatnonzero(chosen >= 0)
                out[rows, at + chosen[rows]] = 1
            else:
                out[:, at] = np.where(np.isnan(column), fill, column)
            at += width
        return out

    def unseen(self, X: Array, texts: Sequence[Sequence[str]]) -> Iterator[Unseen]:
        """Yield what each column holds of texts that training never saw."""
        for k, (known, given) in enumerate(zip(self.categories, texts, strict=True)):
            if not known:
                continue
            seen = set(known)
            strange = np.array([text not in seen for text in given] + [False])
            codes = np.where(np.isnan(X[:, k]), -1, X[:, k]).astype(np.int64)
            rows = np.flatnonzero(strange[codes])
            if len(rows):
                yield Unseen(k, len(rows), given[codes[rows[0]]])

    def describe_unseen(self, unseen: Unseen) -> str:
        """Return a line that tells of unseen texts."""
        hold = "1 row holds" if unseen.rows == 1 else f"{unseen.rows} rows hold"
        unknown = f"{hold} a text that training never saw, such as {quoted(unseen.example)}"
        return f"{_column_name(unseen.column, self.names)}: {unknown}; it counts as none of the known"

    def adapt(self, X: Array, texts: Sequence[Sequence[str]]) -> tuple[Array, Sequence[Sequence[str]]]:
        """Return columns of other data, and their texts, with the kinds that they had in training.

        DataError for text or gaps where the model has no use for them.
        """
        if not self:
            for k, given in enumerate(texts):
                self._refuse(k, given, gaps=bool(np.isnan(X[:, k]).any()))
            return X, texts
        columns, adapted = X.astype(np.float64), [*(texts or [()] * X.shape[1])]
        for k, (known, given) in enumerate(zip(self.categories, adapted, strict=True)):
            gaps = np.isnan(columns[:, k])
            self._refuse(k, () if known else given, gaps=bool(np.isnan(self.fill[k]) and gaps.any()))
            if known and not given:  # numbers alone, this time
                numbers, codes = np.unique(columns[~gaps, k], return_inverse=True)
                columns[~gaps, k] = codes
                adapted[k] = tuple(str(int(x)) if x.is_integer() else repr(x) for x in numbers.tolist())
        return columns, adapted

    def _refuse(self, k: int, texts: Sequence[str], *, gaps: bool) -> None:
        called = _column_name(k, self.names)
        if texts:
            raise DataError(f"data: {called} holds text, the model takes numbers, got {quoted(texts[0])}")
        if gaps:
            raise DataError(f"data: {called} has missing values, and the model nothing to fill in for them")

    def tensors(self) -> dict[str, Array]:
        """Return the array to keep in a checkpoint, if there is one."""
        return {FILL: self.fill} if self else {}

    def facts(self) -> dict[str, Any] | None:
        """Return what else to keep, JSON-able; None when there is nothing to encode."""
        return {"names": self.names, "categories": self.categories} if self else None

    @classmethod
    def restore(cls, tensors: Mapping[str, Array], facts: Mapping[str, Any] | None) -> "Encoder":
        """Return the encoder of a checkpoint; CheckpointError when its parts do not fit."""
        if facts is None:
            return cls.identity()
        categories = tuple(tuple(known) for known in facts["categories"])
        fill = np.asarray(tensors.get(FILL, ()), np.float64)
        if fill.shape != (len(categories),) or len(facts["names"]) not in (0, len(categories)):
            raise CheckpointError(f"checkpoint: '{FILL}' {fill.shape} does not fit {len(categories)} columns")
        return cls(tuple(facts["names"]), categories, fill)

    @property
    def _widths(self) -> list[int]:
        return [len(known) or 1 for known in self.categories]


def _column_name(k: int, names: Sequence[str]) -> str:
    return f"column {quoted(names[k])}" if names else f"feature column {k}"


def too_many_texts(found: int, rows: int) -> bool:
    """Return whether so many different texts in a column of so many rows are names, not kinds."""
    return found > MOST_CATEGORIES or (found > 20 and 2 * found > rows)


def _check_number(found: int, rows: int, called: str) -> None:
    """Refuse a column of names, one-hot: too many different texts to learn anything from."""
    if too_many_texts(found, rows):
        raise DataError(f"data: {called} holds {found} different texts in {rows} training rows; ignore it")
