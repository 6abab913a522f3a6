"""Trainings of a run under other settings, on the same batches: the experiments that a verdict rests on.

Costs are those of the whole training part at the last weights, without the penalty; a training that diverges costs
infinitely much. The run itself is not changed. Knows nothing of verdicts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from nntrain.diagnosis.diagnosed_run import DiagnosedRun, Trainee
from nntrain.errors import DivergenceError
from nntrain.ops.optimizers import Optimizer
from nntrain.ops.schedules import Constant, Cosine, Schedule
from nntrain.train.loop import fit
from nntrain.train.settings import Stop
from nntrain.train.state import State

FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)
MOST_FACTOR, LEAST_FACTOR = 1e3, 1e-3
USUAL_RATES = (1e-3, 1e-2, 0.1, 1.0)
FRESH_START = ("model.init=auto", "data.scale=standard")
TRAININGS = 16  # about as many as one diagnosis makes; they share the time
AS_GOOD, BETTER, CLEAR = 1.3, 1.6, 2.0  # ratios of costs
SHARE = 0.15  # of what can be learned: a smaller difference is none
INF = float("inf")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a training: its cost, that of the validation part, and its learning rate."""

    cost: float
    validation: float | None = None
    rate: float = 0.0


@dataclass(eq=False)
class Replays:
    """The replays of one run. ``share`` of its epochs are trained again, fewer where ``seconds`` do not suffice."""

    run: DiagnosedRun
    share: float
    seconds: float
    began: float = field(default_factory=time.perf_counter)

    @cached_property
    def planned(self) -> int:
        """Epochs of the run."""
        return self.run.trained_epochs()

    @cached_property
    def epochs(self) -> int:
        """Epochs of a replay from the start: never under three, unless the run has fewer or the time is too short."""
        seconds = [record["seconds"] for record in self.run.records] or [0.0]
        each = max(float(np.median(seconds)), 1e-4)
        most = max(1, int(self.seconds / TRAININGS / each))
        return min(max(round(self.share * self.planned), min(3, self.planned)), most)

    @property
    def long_enough(self) -> bool:
        """Whether a replay shows about a quarter of the run."""
        return self.epochs >= 0.2 * self.planned

    @property
    def in_time(self) -> bool:
        """Whether time is left for experiments that only some runs need."""
        return time.perf_counter() - self.began < self.seconds

    # --- comparisons -------------------------------------------------------------------------------------------

    def ratio(self, worse: float, better: float) -> float:
        """Return how many times one cost is the other; costs below the floor are alike."""
        return (worse + self.run.floor) / (better + self.run.floor)

    def clearly(self, worse: float, better: float, by: float = BETTER) -> bool:
        """Tell whether one cost is clearly better: by its ratio, or by a share of all that could be learned."""
        if not np.isfinite(worse):
            return bool(np.isfinite(better))
        top = min(self.run.first_cost, self.run.constants)
        return self.ratio(worse, better) >= by or worse - better >= SHARE * max(top - better, 0.25 * top)

    # --- trainings ---------------------------------------------------------------------------------------------

    def train(
        self,
        trainee: Trainee,
        state: State,
        epochs: int,
        *,
        rate: float | None = None,
        schedule: Schedule | None = None,
    ) -> Outcome:
        """Train a state for so many epochs more, at a base rate and a schedule of its own if they are given."""
        job = trainee.job
        optimizer: Optimizer = replace(cast(Any, job.optimizer), lr=rate or job.optimizer.lr)
        training = replace(job.training, epochs=state.epoch + epochs, max_steps=None, stop=Stop())
        again = replace(job, optimizer=optimizer, schedule=schedule or job.schedule, training=training, validation=None)
        try:
            for _ in fit(again, state):
                pass
        except DivergenceError:
            return Outcome(INF, None, optimizer.lr)
        validation = trainee.validation()["cost"] if trainee.validation else None
        return Outcome(trainee.train()["cost"], validation, optimizer.lr)

    def from_start(self, factor: float = 1.0, *, epochs: int | None = None, schedule: Schedule | None = None) -> float:
        """Return the cost after a replay from the start at a multiple of the rate."""
        trainee = self.run.trainee
        rate = factor * self.run.rate
        return self.train(trainee, trainee.start(), epochs or self.epochs, rate=rate, schedule=schedule).cost

    def from_end(self, factor: float, epochs: int) -> float:
        """Return the cost after going on from the run's end at a multiple of the base rate, held constant."""
        rate = factor * self.run.rate
        return self.train(self.run.trainee, self.run.end(), epochs, rate=rate, schedule=Constant()).cost

    def changed(self, trainee: Trainee, epochs: int, rates: Sequence[float]) -> Outcome:
        """Return the best end of another spec's trainings from the start, over some rates."""
        ends = [self.train(trainee, trainee.start(), epochs, rate=rate) for rate in dict.fromkeys(rates)]
        return min(ends, key=lambda end: end.cost)

    # --- experiments -------------------------------------------------------------------------------------------

    @cached_property
    def rates(self) -> dict[float, float]:
        """Costs by multiple of the rate, from the start; beyond 0.1 … 10 as long as the last is the best."""
        costs = {factor: self.from_start(factor) for factor in FACTORS}
        if self.run.diverged:
            return costs
        while max(costs) < MOST_FACTOR and min(costs, key=costs.__getitem__) == max(costs) and self.in_time:
            factor = max(costs) * 10**0.5
            costs[factor] = self.from_start(factor)
        while min(costs) > LEAST_FACTOR and min(costs, key=costs.__getitem__) == min(costs) and self.in_time:
            factor = min(costs) / 10**0.5
            costs[factor] = self.from_start(factor)
        return costs

    @cached_property
    def best_factor(self) -> float:
        """The multiple of the rate that is best from the start."""
        return min(self.rates, key=self.rates.__getitem__)

    @cached_property
    def of_another_seed(self) -> tuple[float, float]:
        """The costs with another seed, on the same data: at the run's own rate, and at the best one from the start."""
        trainee = self.run.trainee
        seeded = trainee.changed((f"seed={trainee.loaded.spec.seed + 1}",), trainee.data)
        own, best = (
            self.train(seeded, seeded.start(), self.epochs, rate=factor * self.run.rate).cost
            for factor in (1.0, self.best_factor)
        )
        return own, best

    @cached_property
    def little(self) -> int:
        """Epochs of going on from the end."""
        return min(max(round(0.2 * self.planned), min(3, self.planned)), self.epochs)

    @cached_property
    def onward(self) -> dict[float, float]:
        """Costs by multiple of the rate, going on from the end of the run for a fifth of it."""
        return {factor: self.from_end(factor, self.little) for factor in FACTORS}

    @cached_property
    def reached(self) -> float:
        """The least cost of the run and of its replays at other rates."""
        return min(*self.rates.values(), *self.onward.values(), self.run.cost)

    @cached_property
    def cosine(self) -> float:
        """The cost after a replay from the start whose rate falls to 0."""
        return self.from_start(schedule=Cosine())

    @cached_property
    def three_times(self) -> float:
        """How many times lower the cost would be after three times as many epochs, by a power law.

        A schedule that depends on the length of the run is stretched from the start; others go on from the end.
        """
        n, h, run = self.planned, self.epochs, self.run
        if isinstance(run.job.schedule, Constant):
            gain, times = self.ratio(run.cost, self.from_end(1.0, h)), (n + h) / n
        else:
            gain, times = self.ratio(self.rates[1.0], self.from_start(epochs=2 * h)), 2.0
        return float(np.clip(3.0 ** (np.log(max(gain, 1e-9)) / np.log(times)), 0.1, 100))

    @cached_property
    def fresh_start(self) -> Outcome:
        """The best end from default weights on scaled inputs, at the run's rates and at usual ones."""
        near = [factor * self.run.rate for factor in (0.1, 1.0, 10.0)]
        return self.changed(self.fresh, self.epochs, [*near, *USUAL_RATES])

    @cached_property
    def fresh(self) -> Trainee:
        """The run's spec with default initial weights and scaled inputs."""
        return self.run.trainee.changed(FRESH_START)

    @cached_property
    def own_start(self) -> float:
        """The least cost from the run's own start, at the same rates."""
        trainee = self.run.trainee
        return min(*self.rates.values(), self.changed(trainee, self.epochs, USUAL_RATES).cost)
