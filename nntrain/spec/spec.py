"""The spec: everything a run is made of, built and frozen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from nntrain.core.fields import ONE_OR_MANY, Natural, Pattern
from nntrain.core.types import Task
from nntrain.data.options import DataOptions
from nntrain.ops.losses import LOSSES, Loss
from nntrain.ops.metrics import METRICS, Metric, default_metrics
from nntrain.ops.models import MODELS, Model
from nntrain.ops.optimizers import OPTIMIZERS, Optimizer, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import SCHEDULES, Constant, Schedule
from nntrain.train.settings import Checkpointing, Parallel, Runtime, Training


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One training run: the data, the model, its cost, and how the cost is minimised.

    A source that names no target has its usual one, or none where the model gives back its inputs. ``loss: null`` is
    the loss that suits the model and the data, ``metrics: null`` are those that suit the data.
    ``seed`` decides every random number of the run.
    """

    __pydantic_config__ = {"extra": "forbid", "title": "nntrain spec"}

    name: Annotated[str, Pattern(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "experiment"
    seed: Natural = 0
    data: DataOptions
    model: Annotated[Model, MODELS]
    loss: Annotated[Loss, LOSSES] | None = None
    metrics: Annotated[tuple[Annotated[Metric, METRICS], ...], ONE_OR_MANY] | None = None
    penalty: Penalty = Penalty()
    optimizer: Annotated[Optimizer, OPTIMIZERS] = Sgd()
    schedule: Annotated[Schedule, SCHEDULES] = Constant()
    train: Training = Training()
    checkpoint: Checkpointing = Checkpointing()
    parallel: Parallel = Parallel()
    runtime: Runtime = Runtime()

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", self.data.settle_target(predicts=self.model.predicts))

    @property
    def threads(self) -> int | None:
        """The threads that are wanted, None for those that are free; one for each process that may compute shards."""
        return 1 if self.runtime.threads is None and self.parallel.shards > 1 else self.runtime.threads

    def settle(self, task: Task, n_classes: int) -> "Spec":
        """Return the spec with what its data decide filled in, for data of a task and so many classes.

        These are the loss and the metrics, where the spec names none.
        """
        learned = self.model.task(task)
        loss = self.model.default_loss(learned, n_classes) if self.loss is None else self.loss
        metrics = tuple(default_metrics(learned)) if self.metrics is None else self.metrics
        return replace(self, loss=loss, metrics=metrics)

    @classmethod
    def conflicts(cls, parts: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield (path, what is wrong) for parts that do not fit one another; ``parts`` are right by themselves."""
        model, loss = parts.get("model"), parts.get("loss")
        if model is not None and loss is not None:
            complaint = model.loss_problem(loss)
            if complaint:
                yield ("loss",), complaint
        penalty, optimizer = parts.get("penalty"), parts.get("optimizer")
        if penalty is not None and model is not None and penalty.layers is not None:
            many = sum(shape.weight for layer in model.layers(1, 1) for shape in layer.shapes(1).values())
            if len(penalty.layers) != many:
                yield ("penalty", "layers"), f"must have {many} factors, one a layer, got {len(penalty.layers)}"
        if penalty is not None and penalty.proximal and not (optimizer or Sgd()).folds:
            yield ("penalty", "proximal"), "follows steps of −ε∇J and no others; use sgd without momentum"
        key = getattr(getattr(parts.get("data"), "source", None), "no_target", "")
        if key and model is not None and model.predicts:
            yield ("data", "source", key), "must say what the model is to predict, got nothing"
        names = [metric.name for metric in parts.get("metrics") or ()]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield ("metrics", str(place)), f"'{name}' is measured already; leave one of the two out"
