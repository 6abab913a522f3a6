"""What the best constant prediction of the training part gets: the least that a trained model has to exceed.

Classes: always the most frequent one; labels: of each what is more frequent; numbers: always the mean. Knows nothing of
models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.text import quoted


@dataclass(frozen=True, slots=True)
class Baseline:
    """The scores that every model should exceed: those of always giving the same answer, by part."""

    answer: str
    figure: str
    scores: Mapping[str, float]


def baseline(task: Task, targets: Mapping[str, Array], class_names: Sequence[str] = (), unit: float = 1.0) -> Baseline:
    """Return the scores by part of the best constant for the targets of the part ``train``.

    Targets are class indices (n,), or labels or numbers (n, k); ``unit`` is what 1 stands for in numbers.
    """
    y = targets["train"]
    if task not in ("classification", "multilabel"):
        mean = y.mean(axis=0, dtype=np.float64)
        errors = {name: unit * float(np.sqrt(np.square(part - mean).mean())) for name, part in targets.items()}
        return Baseline("always giving the mean", "rmse", errors)
    if task == "multilabel":
        usual: Array = y.mean(axis=0) > 0.5
        answer = "always giving the usual labels"
    else:
        usual = np.asarray(np.bincount(y, minlength=len(class_names)).argmax())  # the first of equally frequent ones
        answer = f"always saying {quoted(class_names[int(usual)])}"
    return Baseline(answer, "accuracy", {name: float((part == usual).mean()) for name, part in targets.items()})
