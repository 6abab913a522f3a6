"""What the nearest rows say: the vote or the mean of the targets of the k training rows that are nearest to a row.

The plainest model that looks at the inputs. Knows nothing of networks.
"""

import numpy as np

from nntrain.core.types import Array, Task

K = 5
SAME = 1e-12  # of the largest square: distances below are 0
BLOCK = 1 << 22  # distances at a time


def answers(X: Array, y: Array, asked: Array, task: Task, *, own: bool = False) -> Array:
    """Return what the 5 nearest of X (n, d) with targets y (n,) or (n, k) say of rows asked (m, d), in y's shape.

    Distances are Euclidean. Classes and labels are voted on, the lowest class winning a tie; numbers are averaged. With
    ``own`` the asked rows are among X: a row at a distance of 0 is no neighbour.
    """
    if own:  # the distance of a row to itself must be seen to be 0
        X, asked = X.astype(np.float64), asked.astype(np.float64)
    middle = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    X, asked = X - middle, asked - middle  # so that little is lost when squares are subtracted
    squares = np.square(X).sum(axis=1)
    k = min(K, len(X))
    said = []
    for start in range(0, len(asked), max(1, BLOCK // len(X))):
        rows = asked[start : start + max(1, BLOCK // len(X))]
        if X.shape[1] == 1:
            distances = np.square(rows - X.T)  # exact, where differences are small
        else:
            distances = squares - 2 * rows @ X.T  # ‖x‖² − 2 x·a, which is ‖a − x‖² − ‖a‖²
            distances += np.square(rows).sum(axis=1)[:, None]
        if own:
            distances[distances <= SAME * squares.max()] = np.inf
        near = y[np.argpartition(distances, k - 1, axis=1)[:, :k]]
        said.append(_decide(near, task))
    return np.concatenate(said)


def _decide(near: Array, task: Task) -> Array:
    """Return the vote or the mean of targets near (m, k, …)."""
    if task == "classification":
        return np.array([np.bincount(row).argmax() for row in near])
    mean = near.mean(axis=1, dtype=np.float64)
    return np.asarray(mean > 0.5) if task == "multilabel" else np.asarray(mean)
