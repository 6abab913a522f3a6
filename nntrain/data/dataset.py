"""What data is once it is in memory: a part, what a source returns, and a data set ready for training.

Knows nothing of files, formats or how a split is drawn.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.fingerprint import TrainedRows, digest_of
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.row_facts import NO_FACTS, RowFacts
from nntrain.data.transforms.lazy_inputs import Inputs
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from nntrain.data.transforms.transform import Transform

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Examples of one split.

    ``X`` is (n, d): a C-contiguous array, or numbers that are scaled on demand. ``y`` is (n,) int64 class indices
    0 … c-1 in classification, (n, k) of 0 and 1 in multilabel, (n, k) numbers in regression. ``source_rows`` (n,) are
    the rows of the source that they come from, the first is 0; None for all in their order. ``weights`` (n,) say how
    much each counts in the cost; None where all count 1.
    """

    X: Inputs
    y: Array
    source_rows: Array | None = None
    weights: Array | None = None

    def __post_init__(self) -> None:
        if len(self.X.shape) != 2 or len(self.X) != len(self.y):
            raise ValueError(f"X {self.X.shape} and y {self.y.shape} do not make a part")

    def __len__(self) -> int:
        return len(self.X)

    @property
    def array(self) -> Array:
        """The inputs as one array (n, d), made anew where they are scaled on demand."""
        return self.X[:]

    @property
    def mean_one_weights(self) -> Array | None:
        """How much each example counts (n,), with mean 1; None where all count alike. DataError if none counts."""
        if self.weights is None:
            return None
        total = self.weights.sum()
        if not 0 < total < np.inf:
            raise DataError(f"data.sample_weight: the weights of {len(self)} rows add up to {total:g}")
        return np.asarray(self.weights * (len(self) / total))

    def rows_of_classes(self, classes: int) -> tuple[float, ...]:
        """Return how many rows each class has, as they count, for class indices y (n,)."""
        return tuple(np.bincount(self.y, self.mean_one_weights, classes).tolist())

    @property
    def rows(self) -> Array:
        """The row of the source that each example comes from: (n,), the first row of the source is 0."""
        return np.arange(len(self)) if self.source_rows is None else self.source_rows

    def take(self, rows: Array) -> "Part":
        """Return the examples at these row numbers, copied if they are in memory."""
        X = self.X.select(rows) if isinstance(self.X, OnDisk) else self.X[rows]
        return Part(X, self.y[rows], self.rows[rows], None if self.weights is None else self.weights[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What a source returns, before splitting and scaling: values as they were stored, ``X`` may be uint8.

    With ``texts``, one list a column of X (() where it holds numbers), X holds indices into them and NaN where a value
    is missing; ``fills`` says that missing values are to be filled in. Rows are divided as ``sides`` says, the index in
    (train, validation, test) of each row's part, or by ``draws``, numbers in [0, 1), if they are there. ``listed`` has
    the rows of each part that a file lists; ``facts`` say more of the rows. ``notes`` are lines worth telling the user.
    """

    train: Part
    test: Part | None
    task: Task
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    image_shape: tuple[int, ...] | None = None
    texts: tuple[tuple[str, ...], ...] = ()
    fills: bool = False
    sides: Array | None = None
    draws: Array | None = None
    notes: tuple[str, ...] = ()
    listed: Mapping[str, Array] = field(default_factory=dict)
    facts: RowFacts = NO_FACTS
    columns: tuple[str, ...] = ()  # of a table: the names of all, in order

    def first(self, n: int) -> "Raw":
        """Return the same with the first n training rows alone. DataError where there are fewer, or of one class."""
        if n > len(self.train):
            raise DataError(f"data.take: there are {len(self.train)} rows, got {n}")
        train = self.train.take(np.arange(n))
        if self.task == "classification" and (train.y == train.y[0]).all():
            raise DataError(f"data.take: the first {n} rows are all of one class, {self.class_names[train.y[0]]!r}")
        sides, draws = (None if array is None else array[:n] for array in (self.sides, self.draws))
        return replace(self, train=train, sides=sides, draws=draws, facts=self.facts.take(np.arange(n)))

    @property
    def encodes(self) -> bool:
        """Whether there are texts, or gaps to fill in."""
        return self.fills or any(self.texts)

    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of class names, shapes, dtypes and bytes of all examples."""
        digest = hashlib.sha256(repr(self.class_names).encode())
        if any(self.texts):
            digest.update(repr(self.texts).encode())
        parts = [() if part is None else (part.X, part.y) for part in (self.train, self.test)]
        divided = [array for array in (self.sides, self.draws) if array is not None]
        divided += [self.listed[name] for name in sorted(self.listed)] + self.facts.arrays
        divided += [part.weights for part in (self.train, self.test) if part is not None and part.weights is not None]
        for arrays in (*parts, divided):
            for array in arrays:
                digest.update(digest_of(array))
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Examples ready for a network: split, scaled, in the dtype of the run."""

    train: Part
    validation: Part | None
    test: Part | None
    task: Task
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    transform: "Transform"
    fingerprint: str
    image_shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    targets: TargetScaler = field(default_factory=TargetScaler.identity)
    trained_rows: TrainedRows | None = None
    amounts: int = 0  # different whole numbers of a regression's only target, 0 if they are not whole
    division: str = ""  # in words how the rows were divided, where they were not only drawn
    columns: tuple[str, ...] = ()  # of a table: the names of all, in order

    def tensors(self) -> dict[str, Array]:
        """Return the arrays that a checkpoint keeps: how data are transformed, and which rows were trained on."""
        rows = self.trained_rows.tensors() if self.trained_rows is not None else {}
        return self.transform.tensors() | self.targets.tensors() | rows

    @property
    def n_features(self) -> int:
        """Width d of X."""
        return int(self.train.X.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes, or of labels in multilabel; 0 in regression."""
        if self.task == "multilabel":
            return self.n_targets
        return len(self.class_names)

    @property
    def n_targets(self) -> int:
        """Columns of y: 1 in classification, k in multilabel and regression."""
        return 1 if self.train.y.ndim == 1 else int(self.train.y.shape[1])

    def part(self, name: str) -> Part:
        """Return ``train``, ``validation`` or ``test``; DataError when this data set has no such part."""
        parts = dict(zip(SPLITS, (self.train, self.validation, self.test), strict=True))
        if name not in parts:
            raise DataError(f"split: unknown name, got '{name}'{did_you_mean(name, SPLITS)}")
        part = parts[name]
        if part is None:
            raise no_such_part(name)
        return part


def no_such_part(name: str) -> DataError:
    """Return the error for a split that is not there, with the way to make one."""
    return DataError(f"data: there is no {name} part; set data.{name} to a fraction or a count of rows")
