"""The facts of a data set before any model is trained on it: columns, classes, gaps, repeated rows, a baseline.

Knows nothing of files.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.dataset import Part, Raw
from nntrain.data.describe.baseline import Baseline, baseline
from nntrain.data.describe.column_facts import ColumnFacts, number_facts, text_facts
from nntrain.data.describe.lookalikes import find_lookalikes
from nntrain.data.describe.streaming_facts import Tally
from nntrain.data.describe.usual_targets import find_labels
from nntrain.data.transforms.lazy_inputs import Inputs

BLOCK_BYTES = 1 << 22  # size of the blocks of rows that are read at a time
DIGEST = 16  # bytes of a row's digest


@dataclass(frozen=True, slots=True)
class Repeated:
    """Counts of rows with the same features as another row.

    ``within``: training rows that repeat an earlier one. ``leaked``: rows of each other part that are in training too.
    ``conflicting``: rows with the features of another row, but a different target.
    """

    within: int
    leaked: Mapping[str, int]
    conflicting: int


@dataclass(frozen=True, slots=True)
class Survey:
    """Facts of a data set that is divided into parts as a run would divide it.

    ``counts`` gives, by part, the number of rows of each class (of each label, in multilabel). ``targets`` are the
    facts of the target columns in regression. Without any target there is no ``baseline``, and ``labels`` are the input
    columns that look like one. ``lookalikes`` are texts that people take for one: the column, "" for classes, and both
    texts. ``constant`` and ``duplicates`` are indices into ``columns``: columns
    with a single value, and pairs (first, copy) of columns that are equal in every row.
    """

    task: Task
    rows: Mapping[str, int]
    columns: Sequence[ColumnFacts]
    class_names: Sequence[str]
    counts: Mapping[str, Sequence[int]]
    targets: Sequence[ColumnFacts]
    constant: Sequence[int]
    duplicates: Sequence[tuple[int, int]]
    repeated: Repeated
    baseline: Baseline | None
    fingerprint: str
    image_shape: Sequence[int] | None = None
    labels: Sequence[str] = ()
    lookalikes: Sequence[tuple[str, str, str]] = ()


def survey(
    raw: Raw, parts: Mapping[str, Part], positions: Sequence[int], fingerprint: str, *, brief: bool = False
) -> Survey:
    """Return the survey of a source's data and their parts; ``positions`` are those of the columns in the source.

    A ``brief`` survey looks only at the targets, and at names.
    """
    in_memory = all(isinstance(part.X, np.ndarray) for part in (raw.train, raw.test) if part is not None)
    columns, duplicates = ((), ()) if brief else (_survey_memory if in_memory else _survey_disk)(raw, positions)
    constant = [k for k, column in enumerate(columns) if column.constant]
    numbers, none = raw.task == "regression", raw.train.y.shape[1:] == (0,)
    labels = find_labels(raw.feature_names, raw.texts) if none else ()
    return Survey(
        raw.task,
        {name: len(part) for name, part in parts.items()},
        columns,
        () if numbers else raw.class_names or _column_names(raw.target_names, raw.train.y.shape[-1]),
        {} if numbers else {name: _counts(part, raw) for name, part in parts.items()},
        _targets(raw) if numbers else (),
        constant,
        duplicates,
        Repeated(0, {}, 0) if brief else _count_repeated(parts),
        None if none else baseline(raw.task, {name: part.y for name, part in parts.items()}, raw.class_names),
        fingerprint,
        raw.image_shape,
        [_input_name(raw, k, positions) for k in labels],
        list(_find_lookalikes(raw, positions)),
    )


def _input_name(raw: Raw, k: int, positions: Sequence[int]) -> str:
    return raw.feature_names[k] if raw.feature_names else str(positions[k])


def _find_lookalikes(raw: Raw, positions: Sequence[int]) -> Iterator[tuple[str, str, str]]:
    """Yield a pair of texts for each column, and for the classes, that have one."""
    named = [("", raw.class_names), *((_input_name(raw, k, positions), texts) for k, texts in enumerate(raw.texts))]
    for column, texts in named:
        for pair in islice(find_lookalikes(texts), 1):
            yield column, *pair


def _column_names(names: Sequence[str], width: int) -> Sequence[str]:
    """Return the names of columns: y0, y1, … where they have none."""
    return names or [f"y{k}" for k in range(width)]


def _survey_memory(raw: Raw, positions: Sequence[int]) -> tuple[Sequence[ColumnFacts], Sequence[tuple[int, int]]]:
    """Return the facts of each column of arrays in memory, and the pairs of equal columns."""
    pieces = [part.array for part in (raw.train, raw.test) if part is not None]
    columns = [_column(raw, k, at, [piece[:, k] for piece in pieces]) for k, at in enumerate(positions)]
    return columns, _find_duplicates(pieces, [k for k, column in enumerate(columns) if not column.constant])


def _survey_disk(raw: Raw, positions: Sequence[int]) -> tuple[Sequence[ColumnFacts], Sequence[tuple[int, int]]]:
    """Return the same for rows on disk; different values are counted only up to a limit."""
    parts = [part for part in (raw.train, raw.test) if part is not None]
    tally = Tally.of((block for part in parts for block in _blocks(part.X)), len(positions))
    columns = tally.facts(raw.feature_names, positions)
    alike = [k for k in tally.alike() if not columns[k].constant]
    return columns, _find_duplicates((block for part in parts for block in _blocks(part.X)), alike) if alike else ()


def _column(raw: Raw, k: int, position: int, pieces: Sequence[Array]) -> ColumnFacts:
    name = raw.feature_names[k] if raw.feature_names else ""
    values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    texts = raw.texts[k] if raw.texts else ()
    if texts:
        return text_facts(name, position, values, texts)
    return number_facts(name, position, np.ascontiguousarray(values))


def _targets(raw: Raw) -> Sequence[ColumnFacts]:
    y = raw.train.y if raw.test is None else np.concatenate((raw.train.y, raw.test.y))
    names = _column_names(raw.target_names, y.shape[1])
    return [number_facts(name, k, np.ascontiguousarray(y[:, k])) for k, name in enumerate(names)]


def _counts(part: Part, raw: Raw) -> Sequence[int]:
    """Return the number of rows of each class, or with each label."""
    if part.y.ndim == 1:
        return [int(count) for count in np.bincount(part.y, minlength=len(raw.class_names))]
    return [int(count) for count in np.count_nonzero(part.y, axis=0)]


def _find_duplicates(blocks: Iterable[Array], columns: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Return (first, copy) for each of these columns that equals an earlier one in every row."""
    digests = {k: blake2b() for k in columns}
    for block in blocks:
        for k, digest in digests.items():
            digest.update(np.ascontiguousarray(block[:, k]).data)
    first: dict[bytes, int] = {}
    found = [(first.setdefault(digest.digest(), k), k) for k, digest in digests.items()]
    return [(k, copy) for k, copy in found if k != copy]


def _count_repeated(parts: Mapping[str, Part]) -> Repeated:
    """Count equal rows, compared by a digest of their features."""
    rows = _number_rows(parts, lambda part: _blocks(part.X))
    count = max(int(numbers.max(initial=0)) for numbers in rows.values()) + 1
    train = np.zeros(count, bool)
    train[rows["train"]] = True
    leaked = {name: int(train[numbers].sum()) for name, numbers in rows.items() if name != "train"}
    conflicting = 0
    if parts["train"].y.shape[1:] != (0,):
        targets = _number_rows(parts, lambda part: [part.y.reshape(len(part), -1)])
        conflicting = _count_conflicting(rows, targets, count)
    return Repeated(len(rows["train"]) - int(train.sum()), leaked, conflicting)


def _count_conflicting(rows: Mapping[str, Array], targets: Mapping[str, Array], count: int) -> int:
    """Return how many rows have the features of another row, but a different target."""
    one = np.zeros(count, np.int64)  # for each group of equal rows, the target of one of them
    conflicting = np.zeros(count, bool)  # for each group, whether another row has another target
    for name, numbers in rows.items():
        one[numbers] = targets[name]
    for name, numbers in rows.items():
        conflicting[numbers[one[numbers] != targets[name]]] = True
    return sum(int(conflicting[numbers].sum()) for numbers in rows.values())


def _number_rows(parts: Mapping[str, Part], blocks: Callable[[Part], Iterable[Array]]) -> Mapping[str, Array]:
    """Return, for each part, a number for each row (n,); equal rows have equal numbers."""
    digests = [np.frombuffer(b"".join(map(_digests, blocks(part))), f"V{DIGEST}") for part in parts.values()]
    numbers = np.unique(np.concatenate(digests), return_inverse=True)[1].reshape(-1)
    ends = np.cumsum([len(part) for part in parts.values()])[:-1]
    return dict(zip(parts, np.split(numbers, ends), strict=True))


def _digests(block: Array) -> bytes:
    """Return the digests of all rows, joined."""
    values = np.ascontiguousarray(block) + 0  # -0.0 becomes 0.0
    width = values.shape[1] * values.itemsize
    content = values.reshape(-1).view(np.uint8).data
    return b"".join(
        blake2b(content[at : at + width], digest_size=DIGEST).digest() for at in range(0, len(content), width)
    )


def _blocks(X: Inputs) -> Iterator[Array]:
    """Yield all rows in order, in blocks."""
    rows = max(1, BLOCK_BYTES // max(1, X.shape[1] * np.dtype(X.dtype).itemsize))
    return (X[start : start + rows] for start in range(0, len(X), rows))
