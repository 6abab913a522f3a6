"""A training job: what is trained, on which data, and how. Knows nothing of specs or files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nntrain.data.batches.in_memory import Batches
from nntrain.network import Network
from nntrain.ops.metrics import MetricSet
from nntrain.ops.optimizers import Optimizer
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Schedule
from nntrain.train.evaluate import Evaluator
from nntrain.train.health import Probe
from nntrain.train.settings import Training
from nntrain.train.state import State
from nntrain.train.team import Team


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Everything that stays the same while training. ``spreads`` are what the metrics need of all targets.

    ``whole`` returns the figures of the training part that need all its examples at once, None if there are none.
    Where a batch is cut into several ``shards``, ``team`` are the processes that share them, None if this one is alone.
    Without a ``probe`` the health of the layers is not measured.
    """

    network: Network
    metrics: MetricSet
    batches: Batches
    validation: Evaluator | None
    optimizer: Optimizer
    schedule: Schedule
    penalty: Penalty
    training: Training
    seed: int
    spreads: Sequence[float]
    whole: Callable[[], Mapping[str, float]] | None = None
    shards: int = 1
    team: Team | None = None
    probe: Probe | None = None

    def start(self) -> State:
        """Return the state before the first step, from the present parameters."""
        averages = self.training.average is not None
        return State.start(self.network.params, self.optimizer, averages=averages)

    @property
    def total_steps(self) -> int:
        """Steps of the whole run, as far as it is not stopped early."""
        steps = self.training.epochs * self.batches.per_epoch
        return min(steps, self.training.max_steps or steps)
