"""The matrix products of a step and nothing else, each in the memory layout in which it runs fastest here.

No NumPy implementation of the same step can be faster than this without splitting, merging or skipping products.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise, product
from time import perf_counter

import numpy as np

from benchmarks.peers.base import Peer, Run
from benchmarks.workloads import Array, Problem

Call = Callable[[], object]


class GemmFloor(Peer):
    """Forward L, weight gradients L, input gradients L - 1 products."""

    name = "floor"
    title = "GEMM floor"
    trains = False

    def suits(self, problem: Problem) -> str | None:
        return "matrix products are not what its step costs" if problem.workload.sizes[0] == 2 else None

    def make(self, problem: Problem) -> Run:
        shapes = products(problem.workload.sizes, problem.workload.batch)
        calls = [fastest(m, k, n) for m, k, n in shapes]
        steps = problem.workload.steps

        def run(epochs: int) -> Array:
            for _ in range(epochs * steps):
                for call in calls:
                    call()
            return np.full(epochs, np.nan)

        return run


def products(sizes: tuple[int, ...], batch: int) -> list[tuple[int, int, int]]:
    """The (m, k, n) of every product (m, k) @ (k, n) of one step, in the order a step has them."""
    layers = list(pairwise(sizes))
    forward = [(batch, n_in, n_out) for n_in, n_out in layers]  # Z = X Wᵀ
    backward = [(n_out, batch, n_in) for n_in, n_out in reversed(layers)]  # dW = dZᵀ X
    inputs = [(batch, n_out, n_in) for n_in, n_out in reversed(layers[1:])]  # dX = dZ W
    return forward + [shape for pair in zip(backward, [*inputs, None], strict=True) for shape in pair if shape]


def fastest(m: int, k: int, n: int, budget: float = 0.01) -> Call:
    """The quickest of the eight layouts of a product's operands and result; ``budget`` seconds for each."""
    rng = np.random.default_rng(0)
    a, b = rng.random((m, k), dtype=np.float32), rng.random((k, n), dtype=np.float32)
    out = np.empty((m, n), dtype=np.float32)
    candidates = [partial(np.matmul, x, y, out=z) for x, y, z in product(_orders(a), _orders(b), _orders(out))]
    return min(candidates, key=lambda call: _best_time(call, budget))


def _orders(a: Array) -> tuple[Array, Array]:
    return np.ascontiguousarray(a), np.asfortranarray(a)


def _best_time(call: Call, budget: float) -> float:
    call()
    best, end = np.inf, perf_counter() + budget
    while (start := perf_counter()) < end:
        call()
        best = min(best, perf_counter() - start)
    return best
