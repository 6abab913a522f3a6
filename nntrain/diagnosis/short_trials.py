"""Short trainings of a spec from its start, of a few steps each, at several learning rates: nothing of them is kept.

Costs are those of some training rows at the last weights, without the penalty. Knows nothing of what they show.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.diagnosis.diagnosed_run import Trainee
from nntrain.errors import DivergenceError
from nntrain.ops.optimizers import Optimizer
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Constant
from nntrain.train.evaluate import Evaluator
from nntrain.train.job import Job
from nntrain.train.loop import fit
from nntrain.train.settings import Stop

ROWS = 2000  # that a training is scored on
FEWEST, MOST = 20, 500  # steps of a training
TRIAL = 0.1  # of the time: the first training, which tells how long a step takes
FACTORS = tuple(10 ** (k / 2) for k in range(-4, 5))  # of the rate: from a hundredth to a hundred times
MOST_FACTOR = 1e4  # to which the range goes while its end is best
INF = float("inf")


@dataclass(eq=False)
class ShortTrials:
    """The trainings of one spec in about so many ``seconds`` together."""

    trainee: Trainee
    seconds: float

    @cached_property
    def rows(self) -> Array:
        """Which training rows are looked at, evenly chosen."""
        return choose_evenly(len(self.trainee.data.train), ROWS)

    @cached_property
    def step_seconds(self) -> float:
        """The time of a step, as the first of them take."""
        began = time.perf_counter()
        self._train(self.trainee, self.rate, FEWEST)
        since = time.perf_counter()
        if since - began < TRIAL * self.seconds:  # the first steps bind their arrays
            self._train(self.trainee, self.rate, 2 * FEWEST)
            return (time.perf_counter() - since) / (2 * FEWEST)
        return (since - began) / FEWEST

    @cached_property
    def steps(self) -> int:
        """Steps of a training: so many that all fit into the time, and no more than the spec has."""
        trainings = len(FACTORS) + 2
        most = int(self.seconds / trainings / max(self.step_seconds, 1e-7))
        return max(1, min(MOST, self.trainee.job.total_steps, max(FEWEST, most)))

    @property
    def rate(self) -> float:
        """The learning rate of the spec."""
        return self.trainee.job.optimizer.lr

    @cached_property
    def costs(self) -> dict[float, float]:
        """The cost at the end by learning rate, infinite where it diverged: a range test."""
        costs = {rate: self.cost(self.trainee, rate) for rate in (factor * self.rate for factor in FACTORS)}
        root = 10**0.5
        while min(costs, key=costs.__getitem__) == max(costs) < MOST_FACTOR * self.rate:
            rate = root * max(costs)
            costs[rate] = self.cost(self.trainee, rate)
        while min(costs) > self.rate / MOST_FACTOR and costs[min(costs)] == min(costs.values()):
            rate = min(costs) / root
            costs[rate] = self.cost(self.trainee, rate)
        return costs

    @cached_property
    def best(self) -> float:
        """The rate of the lowest cost."""
        return min(self.costs, key=self.costs.__getitem__)

    def cost(self, trainee: Trainee, rate: float) -> float:
        """Return the cost after ``steps`` steps from the start at a constant rate; infinite if it diverges."""
        return self._train(trainee, rate, self.steps)

    def score(self, trainee: Trainee) -> float:
        """Return the cost of a network as it is on some training rows."""
        part = evenly_counted(trainee, self.rows)
        t, y = trainee.assembly.targets(part)
        return Evaluator(trainee.assembly.network, trainee.assembly.metrics, Penalty(), part.X, t, y)()["cost"]

    def _train(self, trainee: Trainee, rate: float, steps: int) -> float:
        job = trainee.job
        optimizer: Optimizer = replace(cast(Any, job.optimizer), lr=rate)
        training = replace(job.training, epochs=steps, max_steps=steps, stop=Stop())
        short: Job = replace(
            job, optimizer=optimizer, schedule=Constant(), training=training, validation=None, whole=None, probe=None
        )
        try:
            for _ in fit(short, trainee.start()):
                pass
        except DivergenceError:
            return INF
        cost = self.score(trainee)
        return cost if np.isfinite(cost) else INF


def evenly_counted(trainee: Trainee, rows: Array) -> Part:
    """Return some training rows, each of which counts 1."""
    return replace(trainee.data.train.take(rows), weights=None)


def best_fitted(trainee: Trainee, rows: Sequence[int], seconds: float, most: int = 300) -> tuple[float, float]:
    """Return the cost of some training rows before and after Adam at 0.01 on them alone (Kingma and Ba 2015)."""
    part = evenly_counted(trainee, np.asarray(rows, np.int64))
    X, t = np.ascontiguousarray(part.array), trainee.assembly.targets(part)[0]
    trainee.start()
    network, began = trainee.assembly.network, time.perf_counter()
    theta, m, v, first, least = network.params.theta, np.zeros(1), np.zeros(1), INF, INF
    with np.errstate(all="ignore"):
        for k in range(1, most + 1):
            cost, gradient = network.value_and_grad(X, t)
            first, least = (cost, cost) if k == 1 else (first, min(least, cost))
            if time.perf_counter() - began > seconds or not np.isfinite(cost):
                break
            g = gradient.astype(np.float64)
            m = 0.9 * m + 0.1 * g  # m ← β₁ m + (1 − β₁) g
            v = 0.99 * v + 0.01 * g * g  # v ← β₂ v + (1 − β₂) g²
            theta -= (0.01 * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.99**k)) + 1e-8)).astype(theta.dtype)
    return first, least
