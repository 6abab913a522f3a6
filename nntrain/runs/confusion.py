"""The confusion matrix, and precision and recall of each class."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nntrain.core.types import Array


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Precision, recall, F1 and number of examples of one class.

    Precision is NaN for a class that is never decided for, recall for a class without examples.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int

    @classmethod
    def of(cls, name: str, right: int, decided: int, support: int) -> "ClassScore":
        """Return the figures from how many decisions are right, how many there are, and how many examples there are."""
        return cls(name, _share(right, decided), _share(right, support), _share(2 * right, decided + support), support)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """The confusion matrix: ``counts`` (c, c) of examples, with true classes as rows and decided ones as columns."""

    counts: Array
    class_names: Sequence[str]

    @classmethod
    def of(cls, actual: Array, decided: Array, class_names: Sequence[str]) -> "Confusion":
        """Count class indices actual (n,) against decided (n,)."""
        c = len(class_names)
        return cls(np.bincount(actual * c + decided, minlength=c * c).reshape(c, c), class_names)

    @property
    def scores(self) -> list[ClassScore]:
        """The figures of each class, in the order of the classes."""
        right = np.diagonal(self.counts)
        decided, support = self.counts.sum(axis=0), self.counts.sum(axis=1)
        return [
            ClassScore.of(name, int(r), int(d), int(s))
            for name, r, d, s in zip(self.class_names, right, decided, support, strict=True)
        ]

    def worst(self, most: int) -> list[tuple[str, str, int]]:
        """Return the pairs (true class, decided class, examples) that are confused most often, at most so many."""
        wrong = self.counts - np.diag(np.diagonal(self.counts))
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = [(int(place) // len(wrong), int(place) % len(wrong)) for place in order]
        return [(self.class_names[a], self.class_names[d], int(wrong[a, d])) for a, d in pairs if wrong[a, d]]


def _share(part: int, whole: int) -> float:
    return float(part) / float(whole) if whole else float("nan")
