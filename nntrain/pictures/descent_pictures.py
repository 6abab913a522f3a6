"""The cost of a network over a plane through its training: two parameters, or start, end and the steepest direction.

Knows nothing of how it is drawn.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.types import Array
from nntrain.drawing.contours import Course, Ground, draw_descent
from nntrain.drawing.style import Draw
from nntrain.errors import SpecError
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.pictures.replay import Replay

GRID = 41  # places of each direction
ROWS = 1000  # of the training part that the cost is taken on
AROUND = 0.3  # of the path's extent, on each side


def gather_descent(origin: Origin, options: Options) -> Draw:
    """Return how to draw the training cost over the plane, and the path of the weights, an epoch a step."""
    replay = origin.replay()
    theta = replay.network.params.theta
    path = [theta.copy()]
    for record in replay.train(options.epoch):
        origin.compare(record)
        path.append(theta.copy())
    if len(path) < 2:
        raise SpecError(f"descent: {origin.path}: no epoch was finished{replay.diverged and f'; {replay.diverged}'}")
    if replay.diverged:
        origin.notes.append(f"{origin.path}: {replay.diverged}")
    last = path[-1].copy()
    cost, rows = _cost(replay)
    first, second, names = _plane(replay, path)
    offsets = np.array(path) - (path[0] if len(path[0]) > 2 else 0)
    points = np.stack([offsets @ first, offsets @ second], axis=1)
    x, y = (_places(points[:, k]) for k in (0, 1))
    centre = path[0].astype(np.float64) if len(path[0]) > 2 else np.zeros(len(path[0]))
    surface = np.array([[cost(centre + a * first + b * second) for a in x] for b in y])
    costs = np.array([cost(place) for place in path])
    model = replay.model(origin.path, len(path) - 1, 0)
    np.copyto(theta, last)
    note = f"Cost on {rows:,} training rows at the end of each epoch; the path is seen on the plane"
    note += "." if len(path[0]) <= 2 else " through its start, its end and the gradient at its start."
    course = Course("", points, costs)
    ground = Ground(x, y, surface, names)
    return partial(draw_descent, ground, [course], origin.heading(model), step="epoch", note=note)


def _cost(replay: Replay) -> tuple[Callable[[Array], float], int]:
    """Return the cost, penalty included, of any parameters (P,), and on how many rows; it moves the network's."""
    train, theta = replay.prepared.data.train, replay.network.params.theta
    rows = choose_evenly(len(train), ROWS)
    evaluate = replay.prepared.assembly.evaluator(train.take(rows))

    def cost(at: Array) -> float:
        np.copyto(theta, at, casting="same_kind")
        with np.errstate(all="ignore"):
            return evaluate()["cost"]

    return cost, len(rows)


def _plane(replay: Replay, path: list[Array]) -> tuple[Array, Array, tuple[str, str]]:
    """Return two directions of length 1 (P,), at right angles, and what they are called."""
    start, end = path[0].astype(np.float64), path[-1].astype(np.float64)
    if len(start) == 2:
        names = [
            name.removeprefix("layers.0.") for name, place in replay.network.params.named(start) for _ in place.flat
        ]
        return np.array([1.0, 0.0]), np.array([0.0, 1.0]), (names[0], names[1])
    along = _unit(end - start)
    np.copyto(replay.network.params.theta, path[0])
    train = replay.prepared.data.train
    t, _ = replay.prepared.assembly.targets(train)
    _, gradient = replay.network.value_and_grad(np.ascontiguousarray(train.array), t)
    steepest = gradient.astype(np.float64)
    across = steepest - (steepest @ along) * along
    if float(np.linalg.norm(across)) <= 1e-9 * float(np.linalg.norm(steepest)):  # it leads straight to the end
        farthest = max((place - start for place in path), key=lambda d: float(np.linalg.norm(d - (d @ along) * along)))
        across = farthest - (farthest @ along) * along
    if not np.any(across):
        across = np.eye(1, len(start), int(np.abs(along).argmin()))[0]
        across = across - (across @ along) * along
    return along, _unit(across), ("from start to end", "steepest at the start")


def _unit(direction: Array) -> Array:
    length = float(np.linalg.norm(direction))
    return direction / length if length else np.eye(1, len(direction))[0]


def _places(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    pad = AROUND * (high - low) or 1.0
    return np.linspace(low - pad, high + pad, GRID)
