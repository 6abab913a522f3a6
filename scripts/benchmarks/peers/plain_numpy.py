"""The lecture's equations in plain NumPy, as a course would write them: no buffers, no tricks. Any float dtype."""

from itertools import count

import numpy as np

from benchmarks.peers.base import Peer, Run
from benchmarks.workloads import Array, Problem


class PlainNumpy(Peer):
    """Straightforward code; also the reference for the costs, run in float64."""

    name = "numpy"
    title = "plain NumPy"

    def make(self, problem: Problem) -> Run:
        workload = problem.workload
        parameters = [(W.T.copy(), b.copy()) for W, b in problem.weights]  # W (in, out), as courses have it
        epochs = count()

        def run_epoch(epoch: int) -> float:
            total = 0.0
            for rows in problem.rows(epoch):
                X, y = (problem.X, problem.y) if workload.full_batch else (problem.X[rows], problem.y[rows])
                total += step(parameters, X, y, workload.activation, workload.lr)
            return total / workload.steps

        return lambda n: np.array([run_epoch(epoch) for _, epoch in zip(range(n), epochs, strict=False)])


def step(parameters: list[tuple[Array, Array]], X: Array, y: Array, activation: str, lr: float) -> float:
    """One step of gradient descent, in place; returns the mean cost of the batch before it."""
    hidden = [X]
    for W, b in parameters[:-1]:
        z = hidden[-1] @ W + b
        hidden.append(np.maximum(z, 0) if activation == "relu" else np.tanh(z))
    W, b = parameters[-1]
    cost, dz = cross_entropy(hidden[-1] @ W + b, y)
    for (W, b), h in zip(reversed(parameters), reversed(hidden), strict=True):
        dW, db, dh = h.T @ dz, dz.sum(axis=0), None if h is X else dz @ W.T
        W -= lr * dW
        b -= lr * db
        if dh is not None:
            dz = dh * (h > 0) if activation == "relu" else dh * (1 - h * h)
    return cost


def cross_entropy(z: Array, y: Array) -> tuple[float, Array]:
    """Mean cost of scores z (n, c) and its gradient; sigmoid for c = 1, else softmax."""
    n, c = z.shape
    if c == 1:
        t = y[:, None].astype(z.dtype)
        cost = np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))
        return float(cost.mean()), (1 / (1 + np.exp(-z)) - t) / n
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    cost = -np.log(p[np.arange(n), y]).mean()
    p[np.arange(n), y] -= 1
    return float(cost), p / n
