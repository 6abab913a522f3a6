"""A spec before it is trained: its data and network, what its first cost is and should be, and short trainings of it.

Knows nothing of what is checked.
"""

import math
from functools import cached_property

import numpy as np

from nntrain.core.types import Array
from nntrain.diagnosis.constant_scores import cost_of_constants
from nntrain.diagnosis.diagnosed_run import Trainee
from nntrain.diagnosis.short_trials import ShortTrials, evenly_counted
from nntrain.spec import Loaded

TRIALS = 0.7  # of the time: the short trainings


class Prospect:
    """A spec to be looked at in about so many seconds. Raises DataError and SpecError as ``fit`` does."""

    def __init__(self, loaded: Loaded, seconds: float) -> None:
        self.trainee, self.seconds = Trainee.of(loaded), seconds
        self.trials = ShortTrials(self.trainee, TRIALS * seconds)

    @cached_property
    def targets(self) -> Array:
        """The encoded targets (n, c) of the rows that are looked at."""
        return self.trainee.assembly.targets(evenly_counted(self.trainee, self.trials.rows))[0]

    @cached_property
    def inputs(self) -> Array:
        """The inputs (n, d) of these rows."""
        return np.ascontiguousarray(self.trainee.data.train.take(self.trials.rows).array)

    @cached_property
    def first_cost(self) -> float:
        """The cost of these rows before the first step, without the penalty."""
        self.trainee.start()
        return self.trials.score(self.trainee)

    @cached_property
    def theory(self) -> tuple[float, str]:
        """The cost that a network should begin with, and its name: that of scores of 0, or of always the mean."""
        assembly = self.trainee.assembly
        if assembly.task in ("regression", "reconstruction"):
            return cost_of_constants(assembly.network.loss, self.targets), "of always the best constant"
        return self.zero_cost, _name(self.zero_cost, len(assembly.facts.class_names))

    @cached_property
    def zero_cost(self) -> float:
        """The cost of scores of 0."""
        zero = np.zeros((len(self.targets), self.trainee.assembly.network.n_out))
        return float(self.trainee.assembly.network.loss.cost(zero, self.targets.astype(np.float64)).mean())


def _name(cost: float, classes: int) -> str:
    """Return how a cost of scores of 0 is called where it is one of the known ones."""
    known = {f"ln {classes}": math.log(max(classes, 1)), "ln 2": math.log(2), f"{classes} − 1": classes - 1.0}
    name = next((name for name, value in known.items() if math.isclose(cost, value, rel_tol=1e-6)), "")
    return name or "of scores of 0"
