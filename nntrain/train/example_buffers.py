"""One batch of examples in memory, which a tape gathers by itself. Knows nothing of steps."""

from dataclasses import dataclass

import numpy as np

from nntrain.core.memory import zeros
from nntrain.core.tape import Tape
from nntrain.core.types import Array
from nntrain.data.batches.in_memory import Batch
from nntrain.data.transforms.lazy_inputs import Inputs, LazyInputs
from nntrain.train.job import Job


@dataclass(frozen=True, slots=True, eq=False)
class ExampleBuffers:
    """Buffers for one batch of X (N, d), t (N, c), y; a short last batch has the front of the same memory."""

    X: Inputs
    t: Array
    y: Array
    whole: Batch
    short: Batch | None
    last: int  # the number of the last batch
    table: Array | None  # the encoded target of each class, where y holds classes

    @classmethod
    def of(cls, job: Job) -> "ExampleBuffers | None":
        """Return the buffers of a job; None if its batches are not gathered from arrays in memory."""
        batches, dtype = job.batches, job.network.dtype
        arrays = batches.arrays
        if arrays is None or not _is_known(arrays[0], dtype):
            return None
        X, t, y = arrays
        n, rest, by_column = (
            batches.batch_size,
            batches.size % batches.batch_size,
            job.network.plan.column_major(t.shape[1]),
        )
        buffers = (
            zeros((n, X.shape[1]), dtype),
            zeros(n * t.shape[1], t.dtype),
            zeros((n, *y.shape[1:]), y.dtype),
        )
        whole = _batch(0, n, t.shape[1], by_column, *buffers)
        short = _batch(1, rest, t.shape[1], by_column, *buffers) if rest else None
        return cls(X, t, y, whole, short, batches.per_epoch - 1, _table(t, y))

    def batch(self, number: int) -> Batch:
        """Return the buffer of a batch."""
        return self.short if self.short is not None and number == self.last else self.whole

    def record(self, tape: Tape, batch: Batch) -> None:
        """Append the gathering of a batch to a tape."""
        X = self.X
        if isinstance(X, LazyInputs):
            shift, scale = (a.astype(batch.X.dtype) for a in (X.scaler.shift, X.scaler.scale))
            tape.scale(X.values, shift, scale, batch.X)  # type: ignore[arg-type]  # an array, as `of` has seen
        else:
            tape.gather(X, batch.X)  # type: ignore[arg-type]
        tape.gather(self.y, batch.y)
        if self.table is None:
            tape.gather(self.t, batch.t)
        else:
            tape.look_up(batch.y, self.table, batch.t)


def _is_known(X: Inputs, dtype: np.dtype[np.floating]) -> bool:
    """Tell whether a tape can bring rows of these inputs into a buffer of a type."""
    if isinstance(X, LazyInputs):
        values = X.values
        return type(values) is np.ndarray and values.dtype == np.uint8 and values.flags.c_contiguous
    return type(X) is np.ndarray and X.dtype == dtype and X.flags.aligned


def _batch(place: int, rows: int, width: int, by_column: bool, X: Array, t: Array, y: Array) -> Batch:
    block = t[: rows * width]
    targets = block.reshape(width, rows).T if by_column else block.reshape(rows, width)
    return Batch((place, rows), X[:rows], targets, y[:rows])


def _table(t: Array, y: Array) -> Array | None:
    """Return the encoded target of each class, (classes, c), which all examples of the class must share; else None."""
    if y.ndim != 1 or y.dtype != np.int64 or y.min() < 0 or 2 * y.max() >= len(y):
        return None
    first = np.zeros(int(y.max()) + 1, np.intp)
    first[y[::-1]] = np.arange(len(y))[::-1]  # the first example of each class
    table = np.ascontiguousarray(t[first])
    return table if np.array_equal(table[y], t) else None
