"""Turns the columns of a table into features: fills in missing values and encodes texts one-hot.

It is fitted on training rows only. Columns are (n, k) float64; texts are indices into lists of texts, and NaN is a
missing value. Knows nothing of files, targets or scaling.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nntrain.core.types import Array
from nntrain.data.text import quoted
from nntrain.errors import CheckpointError, DataError

FILL = "encoder.fill"  # name of the tensor in a checkpoint
MOST_CATEGORIES = 1000  # different texts of a column; if there are more, they are names rather than categories


class Unseen(NamedTuple):
    """Texts of a column that are not in the training rows: how many rows have one, and the first of them."""

    column: int
    rows: int
    example: str


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """Encodes columns as features. ``categories`` has the texts of each column, () for a column of numbers.

    ``fill`` (k,) replaces missing values: a number, or the index of a category; NaN for a column that is not filled. A
    text that is not in the training rows becomes 0 in all features of its column.
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
        """Find the texts in training rows X (n, k); with ``fills`` also the means and the most frequent texts."""
        categories, fill = [], np.full(X.shape[1], np.nan)
        for k, known in enumerate(texts):
            there = X[~np.isnan(X[:, k]), k]
            if not len(there) and fills:
                raise DataError(f"data: {_column_name(k, names)} has no value in any training row; ignore it")
            counts = np.bincount(there.astype(np.int64), minlength=len(known)) if known else np.zeros(0, np.int64)
            found = np.flatnonzero(counts).tolist()
            _check_count(len(found), len(X), _column_name(k, names))
            categories.append(tuple(known[index] for index in found))
            if fills:
                fill[k] = counts[found].argmax() if known else there.mean()
        return cls(tuple(names), tuple(categories), fill)

    def __bool__(self) -> bool:
        """Whether there is anything to encode."""
        return bool(self.categories)

    @property
    def is_number(self) -> Array:
        """Whether each feature is a number, and not part of a one-hot text: (d,) bool."""
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
        """Return features (n, d) float64 for columns X (n, k), whose indices refer to the lists ``texts``."""
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

    def describe_size(self, rows: int) -> str:
        """Return what so many encoded rows consist of, and which column most of it comes from."""
        widest = int(np.argmax(self._widths))
        made = f"{rows:,} rows of {self.n_features:,} features, {self._widths[widest]:,} of them made of the texts of"
        return f"{made} {_column_name(widest, self.names)}; ignore that column if each row has a text of its own"

    def unseen(self, X: Array, texts: Sequence[Sequence[str]]) -> Iterator[Unseen]:
        """Yield the texts of each column that are not in the training rows."""
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
        """Return a line for users that describes unseen texts."""
        hold = "1 row holds" if unseen.rows == 1 else f"{unseen.rows} rows hold"
        unknown = f"{hold} a text that training never saw, such as {quoted(unseen.example)}"
        return f"{_column_name(unseen.column, self.names)}: {unknown}; it counts as none of the known"

    def adapt(self, X: Array, texts: Sequence[Sequence[str]]) -> tuple[Array, Sequence[Sequence[str]]]:
        """Return columns of other data, and their texts, as numbers or texts as they were in training.

        Raises DataError for texts where the model takes numbers, and for missing values that it cannot fill in.
        """
        if not self:
            for k, given in enumerate(texts):
                self._refuse(k, given, gaps=bool(np.isnan(X[:, k]).any()))
            return X, texts
        columns, adapted = X.astype(np.float64), [*(texts or [()] * X.shape[1])]
        for k, (known, given) in enumerate(zip(self.categories, adapted, strict=True)):
            gaps = np.isnan(columns[:, k])
            self._refuse(k, () if known else given, gaps=bool(np.isnan(self.fill[k]) and gaps.any()))
            if known and not given:  # these data hold only numbers in a column of texts
                numbers, codes = np.unique(columns[~gaps, k], return_inverse=True)
                columns[~gaps, k] = codes
                adapted[k] = tuple(str(int(x)) if x.is_integer() else repr(x) for x in numbers.tolist())
        return columns, adapted

    def _refuse(self, k: int, texts: Sequence[str], *, gaps: bool) -> None:
        label = _column_name(k, self.names)
        if texts:
            raise DataError(f"data: {label} holds text, the model takes numbers, got {quoted(texts[0])}")
        if gaps:
            raise DataError(f"data: {label} has missing values, and the model nothing to fill in for them")

    def tensors(self) -> dict[str, Array]:
        """Return the array to save in a checkpoint, if there is one."""
        return {FILL: self.fill} if self else {}

    def facts(self) -> dict[str, Any] | None:
        """Return what else to save, as JSON values; None when there is nothing to encode."""
        return {"names": self.names, "categories": self.categories} if self else None

    @classmethod
    def restore(cls, tensors: Mapping[str, Array], facts: Mapping[str, Any] | None) -> "Encoder":
        """Return the encoder of a checkpoint; CheckpointError when its parts do not fit together."""
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
    """Return whether a column has too many different texts for its rows, so that they are names, not categories."""
    return found > MOST_CATEGORIES or (found > 20 and 2 * found > rows)


def _check_count(found: int, rows: int, label: str) -> None:
    """Raise DataError for a column with too many different texts to learn anything from."""
    if too_many_texts(found, rows):
        raise DataError(f"data: {label} holds {found} different texts in {rows} training rows; ignore it")
