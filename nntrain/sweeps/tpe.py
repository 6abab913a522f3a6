"""Settings proposed from results: a tree-structured Parzen estimator (Bergstra et al. 2011), by Optuna.

Every batch has a sampler of its own, seeded by the sweep's seed and the number of the batch, on a study that is made
anew from the results before. So a batch is a function of these alone. Knows nothing of how points are trained.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from nntrain.core.rng import Stream, generator
from nntrain.errors import MissingExtraError, SpecError
from nntrain.spec.merge import Override
from nntrain.spec.tree import Node
from nntrain.sweeps.axis import Axis
from nntrain.sweeps.expansion import Expansion
from nntrain.sweeps.folder import SweepFolder
from nntrain.sweeps.request import Tpe
from nntrain.sweeps.search import Round
from nntrain.sweeps.standings import rises, standings

STARTUP = 10  # settings that are drawn at random before any is proposed
CANDIDATES = 24  # values of which the most promising one is taken


class ParzenSearch:
    """Rounds of ``batch`` settings. Values are the listed ones, or anything in a range by its scale."""

    def __init__(self, expansion: Expansion, options: Tpe) -> None:
        """Check each value by itself and make the first batch.

        Raises MissingExtraError without Optuna, SpecError and DataError.
        """
        self._optuna, self._expansion, self._options = _optuna(), expansion, options
        if len(expansion.request.blocks) != 1:
            raise SpecError("cases: cannot be searched by tpe; use a sweep file each")
        self._axes = expansion.request.blocks[0].axes
        self._space = {axis.key: _distribution(self._optuna, axis) for axis in self._axes}
        expansion.check(_each_value(self._axes))
        self._first = self._propose(0, [])
        self.plan = expansion.add([self._laid(values) for values in self._first])

    @property
    def most(self) -> int:
        """The number of points, if no setting is proposed twice."""
        return self._options.settings * self.plan.units

    def rounds(self, folder: SweepFolder) -> Iterator[Round]:
        """Yield a round for each batch."""
        proposed, batch, known = [*self._first], 1, 0
        while True:
            new = self.plan.settings[known:]
            known = len(self.plan.settings)
            yield Round(self.plan, [point for setting in new for point in setting.points])
            if len(proposed) == self._options.settings:
                return
            more = self._propose(batch, self._results(proposed, folder))
            self.plan = self._expansion.add([self._laid(values) for values in more])
            proposed, batch = proposed + more, batch + 1

    def _propose(self, batch: int, found: "Sequence[Any]") -> list[dict[str, Any]]:
        """Return the settings of a batch, each the parameters by key, from the trials before."""
        optuna, options = self._optuna, self._options
        seed = int(generator(options.seed, Stream.SWEEP, batch).integers(1 << 31))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # constant_liar is experimental to Optuna
            sampler = optuna.samplers.TPESampler(
                seed=seed,
                n_startup_trials=STARTUP,
                n_ei_candidates=CANDIDATES,
                multivariate=False,
                group=False,
                constant_liar=True,  # settings of one batch keep apart
                consider_prior=True,
            )
        study = optuna.create_study(direction="minimize", sampler=sampler)
        study.add_trials(found)
        number = min(options.batch, options.settings - batch * options.batch)
        return [self._rounded(study.ask(self._space).params) for _ in range(number)]

    def _results(self, proposed: Sequence[dict[str, Any]], folder: SweepFolder) -> list[Any]:
        """Return a trial for each setting that was proposed; one that lost a seed counts as infinitely bad."""
        plan, worst = self.plan, math.inf
        outcomes = {point.id: folder.outcome(point.id) for point in plan.points}
        sign = -1.0 if rises(plan) else 1.0
        scores = {one.number - 1: sign * one.score.mean if one.is_whole else worst for one in standings(plan, outcomes)}
        create = self._optuna.trial.create_trial
        numbers = [self._expansion.number(self._laid(values)) for values in proposed]
        return [
            create(params=values, distributions=self._space, value=scores[number])
            for values, number in zip(proposed, numbers, strict=True)
        ]

    def _rounded(self, values: dict[str, Any]) -> dict[str, Any]:
        spans = {axis.key: axis.span for axis in self._axes}
        return {key: span.rounded(value) if (span := spans[key]) else value for key, value in values.items()}

    def _laid(self, values: dict[str, Any]) -> tuple[Override, ...]:
        return tuple(Override(axis.key, _node(axis, values[axis.key]), axis.mark) for axis in self._axes)


def _node(axis: Axis, value: Any) -> Node:
    return axis.nodes[value] if axis.span is None else axis.scalar(value)


def _distribution(optuna: ModuleType, axis: Axis) -> Any:
    if axis.span is None:
        return optuna.distributions.CategoricalDistribution(tuple(range(len(axis.nodes))))
    kind = "IntDistribution" if axis.span.whole else "FloatDistribution"
    return getattr(optuna.distributions, kind)(axis.span.low, axis.span.high, log=axis.span.scale == "log")


def _each_value(axes: Sequence[Axis]) -> list[tuple[Override, ...]]:
    """Return settings in which each listed value and both ends of each range occur, the other keys at their first."""
    values = [list(axis.nodes) or [axis.scalar(end) for end in axis.ends] for axis in axes]
    first = [Override(axis.key, own[0], axis.mark) for axis, own in zip(axes, values, strict=True)]
    found = [tuple(first)]
    for place, (axis, own) in enumerate(zip(axes, values, strict=True)):
        for value in own[1:]:
            found.append((*first[:place], Override(axis.key, value, axis.mark), *first[place + 1 :]))
    return found


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("method tpe needs Optuna: pip install 'nntrain[hpo]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    module: ModuleType = optuna
    return module
