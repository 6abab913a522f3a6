"""A training job: what is trained on what, and how."""

from dataclasses import dataclass

from nntrain.data.batches.in_memory import Batches
from nntrain.network import Network
from nntrain.ops.metrics import Metric
from nntrain.ops.optimizers import Optimizer
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Schedule
from nntrain.train.evaluate import Evaluator
from nntrain.train.settings import Training


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Everything that stays the same while training. ``spread`` is the metric's spread of the training targets."""

    network: Network
    metric: Metric
    batches: Batches
    validation: Evaluator | None
    optimizer: Optimizer
    schedule: Schedule
    penalty: Penalty
    training: Training
    seed: int
    spread: float = 0.0

    @property
    def total_steps(self) -> int:
        """Steps of the whole run, as far as it is not stopped early."""
        steps = self.training.epochs * self.batches.per_epoch
        return min(steps, self.training.max_steps or steps)
