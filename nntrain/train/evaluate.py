"""The cost and the metrics of a network on a part of the data, in bounded memory. Knows nothing of training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nntrain.core.memory import zeros
from nntrain.core.types import Array
from nntrain.data.batches.in_memory import lay_out_targets
from nntrain.data.transforms.lazy_inputs import Fetcher, Inputs, LazyInputs
from nntrain.network import Network
from nntrain.ops.layers import Context
from nntrain.ops.metrics import MetricSet, ReadSums
from nntrain.ops.penalties import Penalty

BLOCK_BYTES = 1 << 20  # the widest activation of a chunk of rows
FEWEST_ROWS, MOST_ROWS = 64, 4096


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    calls: Sequence[Callable[[], Any]]
    rows: int
    cost: Callable[[], float]
    sums: ReadSums


class Evaluator:
    """Cost and metrics of a network on fixed examples X (n, d), t (n, c), y, as often as asked for."""

    def __init__(self, network: Network, metrics: MetricSet, penalty: Penalty, X: Inputs, t: Array, y: Array) -> None:
        self.network, self.metrics, self.penalty = network, metrics, penalty
        self.size, self.width = len(t), network.n_out
        plain = network.loss.targets_of(t)  # metrics count every example alike
        self.spreads = metrics.spreads(plain)
        self._targets, self._all = (plain, y), np.empty(plain.shape, network.dtype) if metrics.needs_all else None
        rows = chunk_rows(network, self.size)
        self.ws = network.workspace(rows)
        self._X, self._fetcher = X, Fetcher(X, 0)
        self._buffer = zeros((rows, X.shape[1]), X.dtype) if isinstance(X, LazyInputs) else None
        self._chunks = [self._bind(slice(start, start + rows), t, y) for start in range(0, self.size, rows)]

    def __call__(self) -> dict[str, float]:
        """Return ``cost`` (penalty included) and the metrics for the network's present parameters."""
        cost_sum, parts = 0.0, []
        for chunk in self._chunks:
            for call in chunk.calls:
                call()
            cost_sum += chunk.cost() * chunk.rows
            parts.append(list(chunk.sums()))
        params = self.network.params
        cost = cost_sum / self.size + self.penalty.value_of(params)
        sums = [sum(column) for column in zip(*parts, strict=True)]
        figures = self.metrics.figures(sums, self.size, self.width, self.spreads)
        return {"cost": cost, **self.metrics.in_order({**figures, **self._whole_figures()})}

    def whole(self) -> Mapping[str, float]:
        """Return the figures that need all examples at once, for the network's present parameters."""
        for chunk in self._chunks:
            for call in chunk.calls:
                call()
        return self._whole_figures()

    def _whole_figures(self) -> Mapping[str, float]:
        return {} if self._all is None else self.metrics.whole(self._all, *self._targets, self.network.loss.unweighted)

    def _bind(self, rows: slice, t: Array, y: Array) -> _Chunk:
        targets, y = lay_out_targets(t[rows], self.network.plan), y[rows]
        X, first = self._inputs(rows, len(y))
        ws = self.ws.resized(len(y))
        bound = self.network.bind(X, Context(ws))
        if self._all is not None:
            bound.calls(np.copyto, self._all[rows], bound.scores)
        loss = self.network.loss
        sums = self.metrics.bind(bound.calls, bound.scores, loss.targets_of(targets), y, loss.unweighted, ws)
        cost, _ = loss.bind(bound.calls, bound.scores, targets, ws)
        return _Chunk([*first, *bound.calls.bind()], len(y), cost, sums)

    def _inputs(self, rows: slice, n: int) -> tuple[Array, Sequence[Callable[[], None]]]:
        """Return the array that holds ``n`` rows of the inputs, and the calls that bring them there."""
        if isinstance(self._X, LazyInputs):
            assert self._buffer is not None
            return self._buffer[:n], [partial(self._fetcher.copy, rows, self._buffer[:n])]
        return self._X[rows], []


def chunk_rows(network: Network, size: int) -> int:
    """Return how many rows are scored at a time."""
    widest = max(network.widths[1:]) * network.dtype.itemsize
    return min(size, max(FEWEST_ROWS, min(MOST_ROWS, BLOCK_BYTES // widest)))


def scores(network: Network, X: Inputs) -> Array:
    """Return the scores (n, n_out) of any number of rows X (n, d), in chunks."""
    rows = chunk_rows(network, max(1, len(X)))
    out = np.empty((len(X), network.n_out), network.dtype)
    ws = network.workspace(rows)
    for start in range(0, len(X), rows):
        part = X[start : start + rows]
        bound = network.bind(part, Context(ws.resized(len(part))))
        bound.calls.run()
        out[start : start + rows] = bound.scores
    return out
