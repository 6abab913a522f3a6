"""The experiments on a run, each made when it is first asked for, and what it says.

Knows nothing of verdicts.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np

from nntrain.data.dataset import Dataset, Part
from nntrain.diagnosis.diagnosed_run import DiagnosedRun
from nntrain.diagnosis.hidden_units import UnitState, gradient_spread, unit_state
from nntrain.diagnosis.leak import Leak, find_leak
from nntrain.diagnosis.replays import AS_GOOD, BETTER, CLEAR, Outcome, Replays
from nntrain.ops.models import Linear, Mlp, Softmax, Svm
from nntrain.ops.schedules import Constant
from nntrain.runs.curve_shape import Overfit, overfit

HALF = 0.5  # share of a layer's units that are dead, or of its values that are saturated, from which it is a fault
NOTHING = 0.95  # of the cost of constants: nothing was learned
WRONG_START = 1.5  # of the cost of constants, before the first step
FAR_APART = 1e3  # gradients of layers that differ so much do not train together
UNFINISHED = 2.0  # gain of three times as many epochs
CONVEX = (Softmax, Linear, Svm)  # whose cost is a convex function of the parameters
CALM_RATES = (0.3, 0.1, 0.01, 1e-3, 1e-4)


class Examination:
    """The experiments on one run, made as the findings ask for them."""

    def __init__(self, run: DiagnosedRun, replays: Replays) -> None:
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
        if better and isinstance(run.spec.model, CONVEX) and isinstance(run.job.schedule, Constant):
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

    @property
    def unfinished(self) -> bool:
        """Whether three times as many epochs would be clearly better."""
        return not self.learns_nothing and self.replays.three_times >= UNFINISHED

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
        """The cost at 1.1 times the rate, from the start; 0 where three times the rate is not clearly worse."""
        replays = self.replays
        return replays.from_start(1.1) if replays.clearly(replays.rates[3.0], replays.rates[1.0], CLEAR) else 0.0

    @cached_property
    def depends_on_the_seed(self) -> bool:
        """Whether another seed contradicts: with it the rate that was best is worse than the run's own."""
        own, best = self.replays.of_another_seed
        return self.replays.clearly(best, own, AS_GOOD)

    @cached_property
    def too_small(self) -> bool:
        run, replays = self.run, self.replays
        if (
            not isinstance(run.spec.model, Mlp)
            or run.cost <= 0.1 * run.constants
            or self.only_noise
            or not replays.in_time
        ):
            return False
        wide, before = self.larger, run.validation_figures
        generalises = wide.validation is None or before is None or replays.ratio(before["cost"], wide.validation) >= 1.3
        return replays.clearly(run.cost, wide.cost, CLEAR) and generalises

    @cached_property
    def at_the_edge(self) -> bool:
        return bool(self.edge) and self.replays.clearly(self.edge, self.replays.rates[1.0], CLEAR)


def without_column(data: Dataset, place: int) -> Dataset:
    """Return the data with one feature set to 0 in the training and validation parts."""

    def blank(part: Part) -> Part:
        X = np.array(part.array)
        X[:, place] = 0
        return replace(part, X=X)

    return replace(data, train=blank(data.train), validation=data.validation and blank(data.validation))
