"""What a network needs to know of its data. Knows nothing of specs or files."""

from dataclasses import asdict, dataclass
from typing import Any

from nntrain.core.types import Task
from nntrain.data.dataset import Dataset
from nntrain.ops.losses import Loss
from nntrain.ops.losses.class_weights import BALANCED


@dataclass(frozen=True, slots=True)
class Facts:
    """What a network needs to know of its data; checkpoints store it. A regression has no class names."""

    task: Task
    n_features: int
    n_targets: int
    n_rows: int  # of the training part
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    target_unit: float = 1.0  # what 1 stands for in the targets that are trained on
    columns: tuple[str, ...] = ()  # of a table: the names of all, in order
    class_rows: tuple[float, ...] = ()  # training rows of each class, as they count

    @classmethod
    def of(cls, data: Dataset) -> "Facts":
        """Return the facts of a data set."""
        names = (data.class_names, data.feature_names, data.target_names)
        rows = data.train.rows_of_classes(len(data.class_names)) if data.class_names else ()
        n, unit = len(data.train), data.targets.unit
        return cls(data.task, data.n_features, data.n_targets, n, *names, unit, data.columns, rows)

    def as_dict(self, loss: Loss | None) -> dict[str, Any]:
        """Return the facts for a checkpoint; ``class_rows`` only where the loss is made of them."""
        found = asdict(self)
        if getattr(loss, "class_weights", None) != BALANCED:
            del found["class_rows"]
        return found
