"""Successive halving: all settings train a little, the best of them go on (Jamieson and Talwalkar 2016).

The runs of a setting that does not go on stay paused. Their specs have the full budget, so that a run that goes on has
the bits of one that never paused. Knows nothing of how points are trained.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nntrain.sweeps.folder import Outcome, SweepFolder
from nntrain.sweeps.points import Plan, Setting
from nntrain.sweeps.search import Round
from nntrain.sweeps.standings import standings


@dataclass(frozen=True, slots=True)
class SuccessiveHalving:
    """Rounds that end at the rungs of the plan; after each one in ``factor`` settings goes on, the last to their ends.

    Settings are ordered by the figure that counts, as it was measured in the epoch of the rung, or at the end of runs
    that have come to theirs. A setting goes on with all its seeds; none does without a score.
    """

    plan: Plan
    factor: int

    @property
    def most(self) -> int:
        """The number of points in all rounds, if no setting is lost."""
        left, total = len(self.plan.settings), 0
        for _ in [*self.plan.rungs, None]:
            total += left * self.plan.units
            left = self._promoted(left)
        return total

    def rounds(self, folder: SweepFolder) -> Iterator[Round]:
        """Yield a round for each rung, and one to the ends."""
        settings = list(self.plan.settings)
        for rung in self.plan.rungs:
            yield Round(self.plan, [point for setting in settings for point in setting.points], rung)
            settings = self._best(settings, folder, rung)
        yield Round(self.plan, [point for setting in settings for point in setting.points])

    def _best(self, settings: Sequence[Setting], folder: SweepFolder, rung: int) -> list[Setting]:
        """Return the settings that go on, in the order of the plan."""
        own = replace(self.plan, settings=settings)
        found = standings(own, {point.id: _at(folder, point.id, rung) for point in own.points})
        chosen = {one.number - 1 for one in found[: self._promoted(len(settings))] if one.score.n}
        return [setting for index, setting in enumerate(settings) if index in chosen]

    def _promoted(self, settings: int) -> int:
        return -(-settings // self.factor)  # ⌈n / factor⌉


def _at(folder: SweepFolder, point: str, rung: int) -> Outcome:
    """Return what was known of a point when it had come to a rung, however far it has gone since."""
    figures = folder.figures_at(point, rung)
    return folder.outcome(point) if figures is None else Outcome("paused", figures, rung)
