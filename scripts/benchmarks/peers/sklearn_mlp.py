"""scikit-learn's MLPClassifier: its own epochs and steps, on the same batches from the same weights.

Its checks of the inputs are done once, before timing, as everybody's are; what is timed is ``fit`` with a warm start.
"""

import warnings
from itertools import count
from typing import Any

import numpy as np

from benchmarks.peers.base import Peer, Run, library
from benchmarks.workloads import Array, Problem


class SklearnMLP(Peer):
    """MLPClassifier(solver="sgd", momentum=0, alpha=0)."""

    name = "sklearn"
    title = "scikit-learn MLP"
    needs = ("sklearn",)

    def make(self, problem: Problem) -> Run:
        mlp = _classifier(problem)
        mlp.coefs_ = [W.T.copy() for W, _ in problem.weights]
        mlp.intercepts_ = [b.copy() for _, b in problem.weights]

        def run(epochs: int) -> Array:
            mlp.max_iter, mlp.loss_curve_ = epochs, []
            mlp.random_state.in_place()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it is told to stop before it has converged
                mlp.fit(problem.X, problem.y)
            return np.array(mlp.loss_curve_)

        return run


def _classifier(problem: Problem) -> Any:
    """A classifier that knows its classes and shapes, takes the given batches and checks its inputs no more."""
    workload = problem.workload
    mlp = library("sklearn.neural_network").MLPClassifier(
        hidden_layer_sizes=workload.sizes[1:-1],
        activation=workload.activation,
        solver="sgd",
        alpha=0.0,
        momentum=0.0,
        learning_rate_init=workload.lr,
        random_state=_given_order(problem),
        tol=0.0,
        n_iter_no_change=np.inf,
        warm_start=True,
        batch_size=1,
        shuffle=False,
        max_iter=1,
    )
    one_of_each = np.unique(problem.y, return_index=True)[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.fit(problem.X[one_of_each], problem.y[one_of_each])
    mlp.set_params(batch_size=workload.batch, shuffle=not workload.full_batch)
    targets = mlp._label_binarizer.transform(problem.y).astype(bool)
    mlp._validate_input = lambda X, y, incremental, reset: (X, targets)
    return mlp


def _given_order(problem: Problem) -> Any:
    """A random state whose shuffles put the classifier's rows into the order of the problem, epoch by epoch.

    The classifier applies every shuffle to the order it had before, and begins each ``fit`` with the rows in place.
    """
    epochs = count()

    class GivenOrder(np.random.RandomState):
        def in_place(self) -> None:
            self.before = np.arange(problem.workload.examples)

        def shuffle(self, x: Any) -> None:
            order = problem.rows(next(epochs)).ravel()
            position = np.empty_like(order)
            position[self.before] = np.arange(order.size)
            x[:], self.before = position[order], order

    return GivenOrder()
