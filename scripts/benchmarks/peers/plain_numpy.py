"""The lecture's equations in plain NumPy, as a course would write them: no buffers, no tricks. Any float dtype."""

from itertools import count

import numpy as np

from benchmarks.peers.base import Peer, Run
from benchmarks.workloads import Array, Problem


class PlainNumpy(Peer):
    """Straightforward code; also the reference for the costs, run in float64."""

    name = "numpy"
    title = "plain NumPy"
    optimizers = ("sgd", "adam")

    def make(self, problem: Problem) -> Run:
        workload = problem.workload
        parameters = [(W.T.copy(), b.copy()) for W, b in problem.weights]  # W (in, out), as courses have it
        epochs = count()
        descend = step if workload.optimizer == "sgd" else Adam(parameters).step

        def run_epoch(epoch: int) -> float:
            total = 0.0
            for rows in problem.rows(epoch):
                X, y = (problem.X, problem.y) if workload.full_batch else (problem.X[rows], problem.y[rows])
                total += descend(parameters, X, y, workload.activation, workload.lr)
            return total / workload.steps

        return lambda n: np.array([run_epoch(epoch) for _, epoch in zip(range(n), epochs, strict=False)])


def step(parameters: list[tuple[Array, Array]], X: Array, y: Array, activation: str, lr: float) -> float:
    """One step of gradient descent, in place; returns the mean cost of the batch before it."""
    cost, gradients = backpropagation(parameters, X, y, activation)
    for (W, b), (dW, db) in zip(parameters, gradients, strict=True):
        W -= lr * dW
        b -= lr * db
    return cost


class Adam:
    """Adam as published (Kingma & Ba 2015), with its usual numbers."""

    def __init__(self, parameters: list[tuple[Array, Array]]) -> None:
        self.t = 0
        self.m = [tuple(np.zeros_like(p) for p in layer) for layer in parameters]
        self.v = [tuple(np.zeros_like(p) for p in layer) for layer in parameters]

    def step(self, parameters: list[tuple[Array, Array]], X: Array, y: Array, activation: str, lr: float) -> float:
        """One step, in place; returns the mean cost of the batch before it."""
        cost, gradients = backpropagation(parameters, X, y, activation)
        self.t += 1
        for layer in zip(parameters, gradients, self.m, self.v, strict=True):
            for p, g, m, v in zip(*layer, strict=True):
                m[:] = 0.9 * m + 0.1 * g
                v[:] = 0.999 * v + 0.001 * g * g
                p -= lr * (m / (1 - 0.9**self.t)) / (np.sqrt(v / (1 - 0.999**self.t)) + 1e-8)
        return cost


def backpropagation(
    parameters: list[tuple[Array, Array]], X: Array, y: Array, activation: str
) -> tuple[float, list[tuple[Array, Array]]]:
    """Mean cost of a batch, and its gradient by W and b of each layer."""
    hidden = [X]
    for W, b in parameters[:-1]:
        z = hidden[-1] @ W + b
        hidden.append(np.maximum(z, 0) if activation == "relu" else np.tanh(z))
    W, b = parameters[-1]
    cost, dz = cross_entropy(hidden[-1] @ W + b, y)
    gradients = []
    for (W, _), h in zip(reversed(parameters), reversed(hidden), strict=True):
        gradients.append((h.T @ dz, dz.sum(axis=0)))
        if h is not X:
            dh = dz @ W.T
            dz = dh * (h > 0) if activation == "relu" else dh * (1 - h * h)
    return cost, gradients[::-1]


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
