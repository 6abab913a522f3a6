"""JAX on the CPU: one compiled call a step, and one compiled call for whole epochs (lax.scan over the batches)."""

from functools import partial
from itertools import count
from typing import Any

import numpy as np

from benchmarks.peers.base import Peer, Run, library
from benchmarks.workloads import Array, Problem


class JaxStep(Peer):
    """jit of gather, value_and_grad and update; parameters and running cost are donated."""

    name = "jax"
    title = "JAX jit per step"
    optimizers = ("sgd", "adam")
    needs = ("jax",)

    def make(self, problem: Problem) -> Run:
        jax = library("jax")
        workload, move = problem.workload, _step(problem)

        @partial(jax.jit, donate_argnums=0)
        def step(state: Any, X: Any, y: Any, rows: Any) -> Any:
            parameters, total = state
            parameters, cost = move(parameters, X, y, rows)
            return parameters, total + cost

        parameters, X, y = _on_device(problem)
        epochs = count()

        def run_epoch(epoch: int) -> float:
            nonlocal parameters
            state = parameters, np.float32(0)
            for rows in problem.rows(epoch).astype(np.int32):
                state = step(state, X, y, rows)
            parameters, total = state
            return float(total) / workload.steps

        return lambda n: np.array([run_epoch(epoch) for _, epoch in zip(range(n), epochs, strict=False)])


class JaxScan(Peer):
    """A run of epochs as one compiled program: the batches are gathered inside the scan."""

    name = "jax-scan"
    title = "JAX epoch in lax.scan"
    optimizers = ("sgd", "adam")
    needs = ("jax",)

    def make(self, problem: Problem) -> Run:
        jax = library("jax")
        move = _step(problem)

        @partial(jax.jit, donate_argnums=0)
        def train(parameters: Any, X: Any, y: Any, rows: Any) -> Any:
            return jax.lax.scan(lambda p, batch: move(p, X, y, batch), parameters, rows)

        parameters, X, y = _on_device(problem)
        epochs = count()

        def run(n: int) -> Array:
            nonlocal parameters
            rows = [problem.rows(epoch) for _, epoch in zip(range(n), epochs, strict=False)]
            parameters, costs = train(parameters, X, y, np.concatenate(rows, dtype=np.int32))
            means: Array = np.asarray(costs).reshape(n, -1).mean(axis=1)
            return means

        return run


def _step(problem: Problem) -> Any:
    """A function (parameters, X, y, rows) -> (parameters, cost)."""
    jax = library("jax")
    workload, cost_of = problem.workload, _cost(problem)

    def step(parameters: Any, X: Any, y: Any, rows: Any) -> Any:
        if not workload.full_batch:
            X, y = X.take(rows, axis=0, mode="clip"), y.take(rows, axis=0, mode="clip")
        theta = parameters if workload.optimizer == "sgd" else parameters[0]
        cost, gradients = jax.value_and_grad(cost_of)(theta, X, y)
        if workload.optimizer == "sgd":
            return jax.tree.map(lambda p, g: p - workload.lr * g, parameters, gradients), cost
        return _adam(parameters, gradients, workload.lr), cost

    return step


def _adam(state: Any, gradients: Any, lr: float) -> Any:
    """(θ, m, v, t) after a step of Adam (Kingma & Ba 2015)."""
    jax, jnp = library("jax"), library("jax.numpy")
    theta, m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradients)
    v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradients)
    c1, c2 = (-jnp.expm1(t * np.float32(np.log(beta))) for beta in (0.9, 0.999))  # 1 − βᵗ, in float32 as well
    theta = jax.tree.map(lambda p, a, b: p - lr * (a / c1) / (jnp.sqrt(b / c2) + 1e-8), theta, m, v)
    return theta, m, v, t


def _cost(problem: Problem) -> Any:
    """A function (parameters, X, y) -> mean cost."""
    jax, jnp = library("jax"), library("jax.numpy")
    workload = problem.workload
    activation, classes = getattr(jax.nn, workload.activation), workload.sizes[-1]

    def cost(parameters: Any, X: Any, y: Any) -> Any:
        *hidden, (W, b) = parameters
        for V, a in hidden:
            X = activation(X @ V.T + a)
        z = X @ W.T + b
        if classes == 1:
            return jnp.mean(jax.nn.softplus(z[:, 0]) - y * z[:, 0])
        return -jnp.mean(jnp.sum(jax.nn.one_hot(y, classes) * jax.nn.log_softmax(z), axis=1))

    return cost


def _on_device(problem: Problem) -> tuple[Any, Any, Any]:
    """Parameters, inputs and labels as JAX arrays; weights (out, in) run up to 1.5 times faster than (in, out)."""
    put = library("jax").device_put
    parameters: Any = [(put(W), put(b)) for W, b in problem.weights]
    if problem.workload.optimizer == "adam":
        zeros = [[(put(0 * W), put(0 * b)) for W, b in problem.weights] for _ in range(2)]
        parameters = (parameters, *zeros, put(np.float32(0)))
    return parameters, put(problem.X), put(problem.y.astype(np.int32))
