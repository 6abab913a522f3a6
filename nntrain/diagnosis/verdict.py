"""The verdict on a run: each rests on one experiment that was made to refute it, and is dropped where it does.

Knows nothing of terminals.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from nntrain.data.dataset import Dataset, Part
from nntrain.diagnosis.curve_shape import Overfit, overfit
from nntrain.diagnosis.hidden_units import UnitState, gradient_spread, unit_state
from nntrain.diagnosis.leak import Leak, find_leak
from nntrain.diagnosis.replays import AS_GOOD, BETTER, CLEAR, Outcome, Replays
from nntrain.diagnosis.subject import Subject
from nntrain.ops.schedules import Constant

Kind = Literal[
    "diverged",
    "leak_suspected",
    "bad_start",
    "dead_units",
    "saturated",
    "rate_too_high",
    "rate_too_low",
    "overfit",
    "noise_floor",
    "not_learning",
    "plateau",
    "underfit",
    "at_the_edge",
    "right",
    "not_sure",
]
HALF = 0.5  # share of a layer's units that are dead, or of its values that are saturated, from which it is a fault
NOTHING = 0.95  # of the cost of constants: nothing was learned
WRONG_START = 1.5  # of the cost of constants, before the first step
FAR_APART = 1e3  # gradients of layers that differ so much do not train together
UNFINISHED = 1.6  # gain of three times as many epochs
CONVEX = ("softmax", "linear", "svm")
CALM_RATES = (0.3, 0.1, 0.01, 1e-3, 1e-4)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a run, or right, and the experiment that could have refuted it, in words."""

    kind: Kind
    experiment: str


class Examination:
    """The experiments on one run, made as the findings ask for them."""

    def __init__(self, run: Subject, replays: Replays) -> None:
        self.run, self.replays = run, replays

    # --- what is measured --------------------------------------------------------------------------------------

    @cached_property
    def units_at_start(self) -> UnitState:
        """The hidden units before the first step."""
        self.run.trainee.start()
        return unit_state(self.run.job.network, self.run.rows)

    @cached_property
    def units(self) -> UnitState:
        """The hidden units at the end."""
        self.run.end()
        return unit_state(self.run.job.network, self.run.rows)

    @cached_property
    def spread(self) -> float:
        """How far the gradients of the layers are apart at the start."""
        self.run.trainee.start()
        return gradient_spread(self.run.job.network, self.run.rows[:500], self.run.targets[:500])

    @cached_property
    def leak(self) -> Leak | None:
        """The column that gives the target away."""
        return find_leak(self.run.trainee.data)

    @cached_property
    def overfit(self) -> Overfit | None:
        """Since when the run learns by heart."""
        return overfit(self.run.train_costs, self.run.validation_costs, self.run.floor)

    @property
    def starts_wrong(self) -> bool:
        """Whether the start looks wrong, so that another is worth trying."""
        run, units = self.run, self.units_at_start
        high = run.first_cost > WRONG_START * run.constants
        return high or max(units.dead, units.saturated) > HALF or units.alike or self.spread > FAR_APART

    # --- what experiments say ----------------------------------------------------------------------------------

    @cached_property
    def calm_rate(self) -> float | None:
        """The highest of some lower rates at which a run that diverged learns; None where none does."""
        for factor in CALM_RATES:
            cost = self.replays.rates.get(factor, None)
            cost = self.replays.from_start(factor) if cost is None else cost
            if cost < self.run.first_cost:
                return factor * self.run.rate
        return None

    @cached_property
    def learns_nothing(self) -> bool:
        """Whether no rate learns anything."""
        return self.replays.reached >= NOTHING * self.run.constants

    @cached_property
    def too_low(self) -> bool:
        """Whether higher rates are clearly better, and one of the next two already is."""
        run, replays = self.run, self.replays
        costs, onward = replays.rates, replays.onward
        higher = min(cost for factor, cost in costs.items() if factor > 1)
        ends = min(higher, onward[3.0], onward[10.0])
        soon = costs[3.0] <= costs[1.0] / 1.05 or costs[10.0] <= costs[1.0] / 1.2
        better = replays.clearly(costs[1.0], higher) and replays.clearly(run.cost, ends, AS_GOOD)
        return better and soon and not self.learns_nothing

    @cached_property
    def too_high(self) -> bool:
        """Whether lower rates are clearly better from the start.

        A convex cost is at its least wherever a rate below the stable one ends, so there a lower rate must gain from
        the run's end on as well.
        """
        run, replays = self.run, self.replays
        costs = replays.rates
        lower = min(cost for factor, cost in costs.items() if factor < 1)
        better = replays.clearly(costs[1.0], lower) or (
            replays.epochs < replays.planned and replays.clearly(run.cost, lower)
        )
        if better and run.spec.model.kind in CONVEX and isinstance(run.job.schedule, Constant):
            better = replays.clearly(run.cost, min(replays.onward[0.1], replays.onward[0.3]), AS_GOOD)
        return better and not self.learns_nothing

    @cached_property
    def only_noise(self) -> bool:
        """Whether lower rates gain from the end on where going on does not, and a rate that falls to 0 gains too."""
        run, replays = self.run, self.replays
        if self.learns_nothing or not isinstance(run.job.schedule, Constant):
            return False
        onward, costs = replays.onward, replays.rates
        lower = min(onward[0.1], onward[0.3])
        calmer = replays.clearly(run.cost, lower) and replays.ratio(run.cost, onward[1.0]) < 1.15
        if not calmer or replays.ratio(onward[1.0], lower) < BETTER:
            return False
        own = min(costs[1.0], run.cost if replays.epochs == replays.planned else costs[1.0])
        return replays.clearly(own, replays.cosine, AS_GOOD)

    @cached_property
    def starts_badly(self) -> bool:
        """Whether default weights on scaled inputs are clearly better, both starts at their best of many rates."""
        return self.starts_wrong and self.replays.clearly(self.replays.own_start, self.replays.fresh_start.cost, CLEAR)

    @cached_property
    def starts_badly_here(self) -> bool:
        """Whether they are clearly better at the run's own rate alone."""
        if not self.starts_wrong or self.starts_badly:
            return False
        replays = self.replays
        there = replays.changed(replays.fresh, replays.epochs, [self.run.rate])
        return replays.clearly(replays.rates[1.0], there.cost, CLEAR)

    @cached_property
    def without_leak(self) -> Outcome | None:
        """The end of a training with the column that gives the target away set to one value."""
        if self.leak is None:
            return None
        trainee = self.run.trainee
        blind = trainee.changed((), without_column(trainee.data, self.leak.place))
        return self.replays.changed(blind, self.replays.epochs, [self.run.rate])

    @cached_property
    def with_adam(self) -> Outcome:
        """The best end with Adam at two rates."""
        other = self.run.trainee.changed(("optimizer={kind: adam, lr: 0.01}",))
        return self.replays.changed(other, max(self.replays.epochs, 3), [1e-3, 1e-2])

    @cached_property
    def larger(self) -> Outcome:
        """The end of a larger network, trained longer with Adam."""
        wide = ("model={kind: mlp, hidden: [64, 64]}", "loss=null", "optimizer={kind: adam, lr: 0.01}")
        epochs = min(3 * self.replays.planned, 4 * self.replays.epochs)
        return self.replays.changed(self.run.trainee.changed(wide), epochs, [0.003])

    @cached_property
    def edge(self) -> float:
        """The cost at 1.25 times the rate, from the start; 0 where three times the rate is not clearly worse."""
        replays = self.replays
        return replays.from_start(1.25) if replays.clearly(replays.rates[3.0], replays.rates[1.0], CLEAR) else 0.0

    # --- findings ----------------------------------------------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Yield what is found, the worst first; ``right`` where nothing else is."""
        if self.run.diverged:
            yield Finding("diverged", "lower rates from the same start")
            return
        found = [*self._of_the_data(), *self._of_start_and_units(), *self._of_the_rate(), *self._of_the_length()]
        if self.learns_nothing and not found:
            kind: Kind = "plateau" if self.with_adam.cost < 0.9 * self.run.constants else "not_learning"
            found.append(Finding(kind, "rates 0.1 to 10 times as high, and Adam at 0.001 and 0.01"))
        yield from found
        if not found and self._at_the_edge():
            yield Finding("at_the_edge", "1.25 times the rate from the same start")
        yield Finding("right", "rates 0.1 to 10 times as high from the start and from the end, and more epochs")

    def _of_the_data(self) -> Iterator[Finding]:
        if self.leak is None or self.without_leak is None:
            return
        alone = self.leak.others < 0.9 * self.leak.alone
        if alone or self.replays.clearly(self.without_leak.cost, self.replays.rates[1.0]):
            yield Finding("leak_suspected", "a training without this column")

    def _of_start_and_units(self) -> Iterator[Finding]:
        run, replays = self.run, self.replays
        if self.starts_badly:
            yield Finding("bad_start", "default weights on scaled inputs, both starts at several rates")
        dead, saturated = self.units.dead > HALF, self.units.saturated > HALF
        worse = self.too_high or run.cost >= 0.5 * run.constants
        better = replays.clearly(run.cost, replays.reached) or run.cost >= NOTHING * run.constants or self.starts_badly
        if (dead or saturated) and worse and not self.too_low and better:
            yield Finding("dead_units" if dead else "saturated", "other rates, of which one ends clearly better")

    def _of_the_rate(self) -> Iterator[Finding]:
        rates = "rates 0.1 and 0.3 times as high, lower while the lowest is best"
        if self.too_high:
            costs = self.replays.rates
            lower = min(cost for factor, cost in costs.items() if factor < 1)
            if self._depends_on_the_seed():
                yield Finding("not_sure", "the best of these rates with another seed, which it does not help")
            if self.only_noise and not self.replays.clearly(costs[1.0], lower):
                yield Finding("noise_floor", "lower rates from the end on, and a rate that falls to 0")
            yield Finding("rate_too_high", rates)
        elif self.too_low:
            if self._depends_on_the_seed():
                yield Finding("not_sure", "the best of these rates with another seed, which it does not help")
            yield Finding("rate_too_low", "rates 3 and 10 times as high, higher while the highest is best")
        elif self.only_noise:
            yield Finding("noise_floor", "lower rates from the end on, and a rate that falls to 0")
        if self.starts_badly_here and not self.learns_nothing:
            if max(self.units.dead, self.units.saturated) > HALF:
                yield Finding("dead_units" if self.units.dead > HALF else "saturated", "another start at the same rate")
            yield Finding("bad_start", "default weights on scaled inputs at the same rate")

    def _depends_on_the_seed(self) -> bool:
        """Whether another seed contradicts: with it the rate that was best is no better than the run's own."""
        own, best = self.replays.of_another_seed
        return self.replays.ratio(own, best) < 1.0

    def _of_the_length(self) -> Iterator[Finding]:
        run, replays = self.run, self.replays
        if self.overfit is not None:
            yield Finding("overfit", "none is needed: the validation cost is recorded")
        if self.too_high or self.too_low or run.is_perfect:
            return
        if replays.three_times >= UNFINISHED and not self.learns_nothing:
            yield Finding("underfit", "going on, extrapolated to three times as many epochs")
        elif self.overfit is None and not self.learns_nothing and self._too_small():
            yield Finding("underfit", "a network with two layers of 64 units, trained with Adam")

    def _too_small(self) -> bool:
        run, replays = self.run, self.replays
        if run.spec.model.kind != "mlp" or run.cost <= 0.1 * run.constants or self.only_noise or not replays.in_time:
            return False
        wide, before = self.larger, run.validation_figures
        generalises = wide.validation is None or before is None or replays.ratio(before["cost"], wide.validation) >= 1.3
        return replays.clearly(run.cost, wide.cost, CLEAR) and generalises

    def _at_the_edge(self) -> bool:
        return bool(self.edge) and self.replays.clearly(self.edge, self.replays.rates[1.0], CLEAR)


def without_column(data: Dataset, place: int) -> Dataset:
    """Return the data with one feature set to 0 in the training and validation parts."""

    def blank(part: Part) -> Part:
        X = np.array(part.array)
        X[:, place] = 0
        return replace(part, X=X)

    return replace(data, train=blank(data.train), validation=data.validation and blank(data.validation))
