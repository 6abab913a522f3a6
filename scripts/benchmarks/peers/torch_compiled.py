"""PyTorch with the whole step compiled into one graph: batch, forward, backward and update."""

import os
import shutil
from itertools import count
from typing import Any

from benchmarks.peers.base import Peer, Run, library
from benchmarks.peers.torch_eager import cost_function, network, targets
from benchmarks.workloads import Array, Problem


class TorchCompiled(Peer):
    """torch.compile(step, fullgraph=True, dynamic=False) over functional gradients."""

    name = "torch-compiled"
    title = "PyTorch compiled"
    needs = ("torch",)

    def available(self) -> str | None:
        compilers = [os.environ.get("CXX", "g++"), "c++", "clang++"]
        return super().available() or (None if any(map(shutil.which, compilers)) else "no C++ compiler")

    def make(self, problem: Problem) -> Run:
        torch = library("torch")
        torch.compiler.reset()  # else the graphs of earlier workloads count against its limit of recompilations
        step = torch.compile(_step(problem), fullgraph=True, dynamic=False)
        parameters = [p.detach().clone() for p in network(problem).parameters()]
        X, y = targets(problem)
        epochs = count()

        def run_epoch(epoch: int) -> Any:
            costs = [step(parameters, X, y, rows) for rows in torch.from_numpy(problem.rows(epoch))]
            return torch.stack(costs).mean()

        def run(n: int) -> Array:
            with torch.no_grad():
                means = [run_epoch(epoch) for _, epoch in zip(range(n), epochs, strict=False)]
                result: Array = torch.stack(means).numpy()
            return result

        return run


def _step(problem: Problem) -> Any:
    """A function (parameters, X, y, rows) -> cost that also moves the parameters, in place."""
    torch = library("torch")
    workload, cost_of = problem.workload, cost_function(problem)
    activation = getattr(torch, workload.activation)
    linear = library("torch.nn.functional").linear

    def cost(parameters: list[Any], X: Any, y: Any) -> Any:
        *hidden, last = zip(parameters[::2], parameters[1::2], strict=True)
        for W, b in hidden:
            X = activation(linear(X, W, b))
        return cost_of(linear(X, *last), y)

    def step(parameters: list[Any], X: Any, y: Any, rows: Any) -> Any:
        if not workload.full_batch:
            X, y = X.index_select(0, rows), y.index_select(0, rows)
        gradients, value = torch.func.grad_and_value(cost)(parameters, X, y)
        for p, gradient in zip(parameters, gradients, strict=True):
            p.sub_(gradient, alpha=workload.lr)
        return value

    return step
