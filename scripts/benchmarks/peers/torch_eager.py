"""PyTorch on the CPU, one call at a time: a Sequential model, autograd and the fused SGD.

Data stay in memory as tensors, batches are an index_select, gradients are dropped rather than zeroed, and the costs
are read once an epoch.
"""

from itertools import count
from typing import Any

from benchmarks.peers.base import Peer, Run, library
from benchmarks.workloads import Array, Problem


class TorchEager(Peer):
    """The loop everybody writes, in its fastest fair form."""

    name = "torch"
    title = "PyTorch eager"
    optimizers = ("sgd", "adam")
    needs = ("torch",)

    def make(self, problem: Problem) -> Run:
        torch = library("torch")
        workload = problem.workload
        model, cost_of = network(problem), cost_function(problem)
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[workload.optimizer]
        optimizer = kind(model.parameters(), lr=workload.lr, fused=True)
        X, y = targets(problem)
        epochs = count()

        def run_epoch(epoch: int) -> Any:
            costs = []
            for rows in torch.from_numpy(problem.rows(epoch)):
                batch = (X, y) if workload.full_batch else (X.index_select(0, rows), y.index_select(0, rows))
                cost = cost_of(model(batch[0]), batch[1])
                optimizer.zero_grad(set_to_none=True)
                cost.backward()
                optimizer.step()
                costs.append(cost.detach())
            return torch.stack(costs).mean()

        def run(n: int) -> Array:
            means = [run_epoch(epoch) for _, epoch in zip(range(n), epochs, strict=False)]
            result: Array = torch.stack(means).numpy()
            return result

        return run


def network(problem: Problem) -> Any:
    """A Sequential of Linear layers and activations with the weights of the problem."""
    torch = library("torch")
    activation = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[problem.workload.activation]
    layers: list[Any] = []
    for W, b in problem.weights:
        linear = torch.nn.Linear(W.shape[1], W.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W))
            linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, activation()]
    return torch.nn.Sequential(*layers[:-1])


def targets(problem: Problem) -> tuple[Any, Any]:
    """Inputs and targets as tensors: class indices, or a column of 0 and 1 for a single output."""
    torch = library("torch")
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
    return X, y if problem.workload.sizes[-1] > 1 else y[:, None].to(X.dtype)


def cost_function(problem: Problem) -> Any:
    """Mean cost of (scores, targets)."""
    functional = library("torch.nn.functional")
    several = problem.workload.sizes[-1] > 1
    return functional.cross_entropy if several else functional.binary_cross_entropy_with_logits
