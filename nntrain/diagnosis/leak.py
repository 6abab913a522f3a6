"""A column that gives the target away: alone it says what all the others together do not.

Knows nothing of networks.
"""

from dataclasses import dataclass

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array, Task
from nntrain.data.dataset import Dataset
from nntrain.data.describe.neighbours import answers

TRAINED, SCORED = 1000, 500  # rows
MOST_COLUMNS = 64
ENOUGH = 0.97  # the score of one column alone from which it may be a leak


@dataclass(frozen=True, slots=True)
class Leak:
    """A column, its place among the features, and the scores of its neighbours alone and of all others together.

    A score is the accuracy of the 5 nearest neighbours in classification, and their R² in regression.
    """

    place: int
    column: str
    alone: float
    others: float


def find_leak(data: Dataset) -> Leak | None:
    """Return the column that gives the only target of a data set away; None where there is none.

    A column on which the classes are easily told apart is none, as long as the others tell them apart as well.
    """
    part = data.validation or data.train
    X, y = data.train.array, data.train.y
    if data.task not in ("classification", "regression") or not 2 <= X.shape[1] <= MOST_COLUMNS:
        return None
    if y.ndim > 1 and y.shape[1] > 1:
        return None
    rows = generator(0, Stream.DIAGNOSIS).permutation(len(X))[:TRAINED]
    known = X[rows].astype(np.float64), y[rows].reshape(-1)
    asked = part.array[:SCORED].astype(np.float64), part.y[:SCORED].reshape(-1)
    own = part is data.train
    columns = range(X.shape[1])
    alone = [_score(known, asked, [j], data.task, own) for j in columns]
    best = int(np.argmax(alone))
    if alone[best] < ENOUGH:
        return None
    others = _score(known, asked, [j for j in columns if j != best], data.task, own)
    if 1 - others <= 3 * (1 - alone[best]) + 0.05:
        return None
    name = data.feature_names[best] if data.feature_names else f"x{best}"
    return Leak(best, name, alone[best], others)


def _score(known: tuple[Array, Array], asked: tuple[Array, Array], columns: list[int], task: Task, own: bool) -> float:
    (A, a), (B, b) = (known[0][:, columns], known[1]), (asked[0][:, columns], asked[1])
    said = answers(A, a.astype(np.int64) if task == "classification" else a, B, task, own=own)
    if task == "classification":
        return float((said == b).mean())
    spread = float(((b - b.mean()) ** 2).sum())
    return float(1 - ((said - b) ** 2).sum() / spread) if spread else 0.0
