"""What a data set is like before a model sees it: columns, classes, gaps, repetitions; and what is worth a warning.

Knows nothing of files; what it advises are keys of a spec.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.dataset import Part, Raw
from nntrain.data.facts import ColumnFacts, number_facts, text_facts
from nntrain.data.wording import shown

BLOCK = 4096  # rows worked on at a time


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows with the same features: ``within`` training, ``leaked`` into another part, and ``torn`` between targets.

    ``within`` counts the rows that have an equal one above them; ``leaked`` the rows of each other part that training
    has as well; ``torn`` the rows that have an equal one with another target.
    """

    within: int
    leaked: Mapping[str, int]
    torn: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What no model should fall short of: the scores of always giving the same answer, by part."""

    answer: str
    figure: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Survey:
    """Facts of a data set, divided as a run would divide it.

    ``counts`` has the rows of each class by part (of each label, in multilabel); ``targets`` the facts of the target
    columns in regression. ``constant`` and ``twins`` are positions among ``columns``: those with one value, and pairs
    (first, copy) that are equal in every row.
    """

    task: Task
    rows: Mapping[str, int]
    columns: Sequence[ColumnFacts]
    class_names: Sequence[str]
    counts: Mapping[str, Sequence[int]]
    targets: Sequence[ColumnFacts]
    constant: Sequence[int]
    twins: Sequence[tuple[int, int]]
    repeated: Repeated
    baseline: Baseline
    fingerprint: str
    image_shape: Sequence[int] | None = None


def survey(raw: Raw, parts: Mapping[str, Part], positions: Sequence[int]) -> Survey:
    """Return the survey of a source's data, of the parts they are divided into; columns count as in ``positions``."""
    pieces = [part.array for part in (raw.train, raw.test) if part is not None]
    columns = [_column(raw, k, at, [piece[:, k] for piece in pieces]) for k, at in enumerate(positions)]
    constant = [k for k, column in enumerate(columns) if column.constant]
    numbers = raw.task == "regression"
    return Survey(
        raw.task,
        {name: len(part) for name, part in parts.items()},
        columns,
        () if numbers else raw.class_names or _called(raw.target_names, raw.train.y.shape[-1]),
        {} if numbers else {name: _counts(part, raw) for name, part in parts.items()},
        _targets(raw) if numbers else (),
        constant,
        _twins(pieces, set(constant)),
        _repeated(parts),
        _baseline(parts, raw),
        raw.fingerprint(),
        raw.image_shape,
    )


def _called(names: Sequence[str], width: int) -> Sequence[str]:
    """Return the names of columns, or numbers where they have none."""
    return names or [f"y{k}" for k in range(width)]


def _column(raw: Raw, k: int, position: int, pieces: Sequence[Array]) -> ColumnFacts:
    name = raw.feature_names[k] if raw.feature_names else ""
    values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    texts = raw.texts[k] if raw.texts else ()
    if texts:
        return text_facts(name, position, values, texts)
    return number_facts(name, position, np.ascontiguousarray(values))


def _targets(raw: Raw) -> Sequence[ColumnFacts]:
    y = raw.train.y if raw.test is None else np.concatenate((raw.train.y, raw.test.y))
    names = _called(raw.target_names, y.shape[1])
    return [number_facts(name, k, np.ascontiguousarray(y[:, k])) for k, name in enumerate(names)]


def _counts(part: Part, raw: Raw) -> Sequence[int]:
    """Return the rows of each class, or with each label."""
    if part.y.ndim == 1:
        return [int(count) for count in np.bincount(part.y, minlength=len(raw.class_names))]
    return [int(count) for count in np.count_nonzero(part.y, axis=0)]


def _twins(pieces: Sequence[Array], constant: set[int]) -> Sequence[tuple[int, int]]:
    """Return pairs of columns that are equal in every row, each with the first like it."""
    first: dict[bytes, int] = {}
    pairs = []
    for k in range(pieces[0].shape[1]):
        if k in constant:
            continue
        digest = blake2b(b"".join(np.ascontiguousarray(piece[:, k]).tobytes() for piece in pieces)).digest()
        if first.setdefault(digest, k) != k:
            pairs.append((first[digest], k))
    return pairs


def _repeated(parts: Mapping[str, Part]) -> Repeated:
    """Compare all rows by a digest of their features."""
    seen = {name: [blake2b(row, digest_size=16).digest() for row in _rows(part.array)] for name, part in parts.items()}
    train = set(seen["train"])
    leaked = {name: sum(digest in train for digest in rows) for name, rows in seen.items() if name != "train"}
    return Repeated(len(seen["train"]) - len(train), leaked, _torn(seen, parts))


def _torn(seen: Mapping[str, Sequence[bytes]], parts: Mapping[str, Part]) -> int:
    """Return how many rows have an equal one with another target."""
    targets: dict[bytes, set[bytes]] = {}
    for name, part in parts.items():
        for digest, target in zip(seen[name], _rows(part.y.reshape(len(part), -1)), strict=True):
            targets.setdefault(digest, set()).add(bytes(target))
    torn = {digest for digest, found in targets.items() if len(found) > 1}
    return sum(digest in torn for rows in seen.values() for digest in rows)


def _rows(X: Array) -> Iterator[memoryview]:
    """Yield the bytes of each row."""
    for start in range(0, len(X), BLOCK):
        block = np.ascontiguousarray(X[start : start + BLOCK]) + 0  # -0.0 becomes 0.0
        width = block.shape[1] * block.itemsize
        content = block.reshape(-1).view(np.uint8).data
        yield from (content[at : at + width] for at in range(0, len(content), width))


def _baseline(parts: Mapping[str, Part], raw: Raw) -> Baseline:
    """Return what always giving the most frequent class, or the mean, of the training part scores on each part."""
    y = parts["train"].y
    if raw.task == "regression":
        mean = y.mean(axis=0, dtype=np.float64)
        errors = {name: float(np.sqrt(np.square(part.y - mean).mean())) for name, part in parts.items()}
        return Baseline("always giving the mean", "rmse", errors)
    if raw.task == "multilabel":
        usual, answer = y.mean(axis=0) > 0.5, "always giving the usual labels"
    else:
        usual = np.bincount(y, minlength=len(raw.class_names)).argmax()
        answer = f"always saying {shown(raw.class_names[int(usual)])}"
    return Baseline(answer, "accuracy", {name: float((part.y == usual).mean()) for name, part in parts.items()})
