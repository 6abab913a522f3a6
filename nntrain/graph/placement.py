"""Places the boxes of a drawing in layers from left to right, so that no boxes overlap and few lines cross.

The steps are those of Sugiyama et al. (1981): layers by the longest path, placeholders where a link crosses a layer, an
order within each layer, and heights that keep links straight. Knows nothing of what is drawn.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

GAP_X, GAP_Y = 34.0, 14.0  # free space between layers, and between boxes of one layer
SWEEPS = 12  # passes over all layers, for the order and for the heights
STRAIGHT = 8.0  # weight of the straightness of a long link, relative to a short one


@dataclass(frozen=True, slots=True)
class Box:
    """The room that an item takes: its width, and its extent above and below the line through it."""

    width: float
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class Link:
    """A line from one box to another; ``label`` is a box on this line, right after the source."""

    source: int
    target: int
    label: Box | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """The place of a box: its left edge, the height of the line through it, and the right edge of its layer."""

    x: float
    y: float
    right: float


@dataclass(frozen=True, slots=True)
class Layout:
    """``boxes[i]`` is the place of box i; ``routes[k]`` are the spots along link k, beginning with its label if any."""

    boxes: tuple[Spot, ...]
    routes: tuple[tuple[Spot, ...], ...]
    width: float
    height: float


@dataclass(slots=True)
class _Plan:
    """All items that need a place: the boxes, followed by the labels and placeholders of links."""

    boxes: list[Box]
    level: list[int]
    chains: list[list[int]] = field(default_factory=list)  # for each link: source, items on its way, target

    def add(self, box: Box, level: int) -> int:
        self.boxes.append(box)
        self.level.append(level)
        return len(self.boxes) - 1


def place_in_layers(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Place boxes so that every link leads to the right; ``boxes`` has the source of each link before its target."""
    plan = _Plan(list(boxes), _levels(len(boxes), links))
    for link in links:
        plan.chains.append(_chain(plan, link))
    layers = _order_layers(plan, len(boxes))
    y = _heights(plan, layers)
    spots, width = _spots(plan, layers, y)
    height = max((y[i] + box.below for i, box in enumerate(plan.boxes)), default=0.0)
    routes = tuple(tuple(spots[i] for i in chain[1:-1]) for chain in plan.chains)
    return Layout(tuple(spots[: len(boxes)]), routes, width, height)


def _levels(count: int, links: Sequence[Link]) -> list[int]:
    """Return the layer of each box: as far left as its inputs allow, or right before its use if it has none."""
    level = [0] * count
    for link in sorted(links, key=lambda link: link.source):
        level[link.target] = max(level[link.target], level[link.source] + _length(link))
    led_to = {link.target for link in links}
    for box in set(range(count)) - led_to:
        level[box] = min((level[link.target] - _length(link) for link in links if link.source == box), default=0)
    return level


def _length(link: Link) -> int:
    return 1 if link.label is None else 2


def _chain(plan: _Plan, link: Link) -> list[int]:
    """Return the items along a link, with a new item for its label and for every layer that it only crosses."""
    first, last = plan.level[link.source] + 1, plan.level[link.target]
    empty = Box(0.0, 0.0, 0.0)
    passed = [plan.add((link.label if level == first else None) or empty, level) for level in range(first, last)]
    return [link.source, *passed, link.target]


# --- the order within a layer ----------------------------------------------------------------------------------------


def _order_layers(plan: _Plan, count: int) -> list[list[int]]:
    """Return the layers, each from top to bottom; the order of inputs is kept unless this adds crossings."""
    layers = _order_by_walk(plan, count)
    best, fewest = layers, _crossings(plan, layers)
    for sweep in range(SWEEPS if fewest else 0):
        layers = _sort_by_neighbours(plan, [list(layer) for layer in layers], backwards=sweep % 2 == 0)
        crossings = _crossings(plan, layers)
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _order_by_walk(plan: _Plan, count: int) -> list[list[int]]:
    """Return layers in the order of a walk from the last box back to its inputs; a tree then has no crossings."""
    into: dict[int, list[list[int]]] = {}
    for chain in plan.chains:
        into.setdefault(chain[-1], []).append(chain)
    layers: list[list[int]] = [[] for _ in range(max(plan.level, default=-1) + 1)]
    seen: set[int] = set()
    stack = list(range(count))
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        layers[plan.level[item]].append(item)
        for chain in reversed(into.get(item, [])):
            stack.extend(
                chain[:-1]
            )  # the source first on the stack, so that the items along the link are placed before it
    return layers


def _sort_by_neighbours(plan: _Plan, layers: list[list[int]], *, backwards: bool) -> list[list[int]]:
    """Sort each layer by the mean position of its neighbours in the previous (or next) layer."""
    near = _neighbours(plan, forwards=backwards)
    position: dict[int, float] = {}
    for layer in reversed(layers) if backwards else layers:
        own = {item: float(place) for place, item in enumerate(layer)}
        layer.sort(key=lambda item: _mean([position[other] for other, _ in near[item]], own[item]))
        position |= {item: float(place) for place, item in enumerate(layer)}
    return layers


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _neighbours(plan: _Plan, *, forwards: bool) -> list[list[tuple[int, float]]]:
    """Return for each item its neighbours along links, on one side, with the weight of keeping these straight."""
    near: list[list[tuple[int, float]]] = [[] for _ in plan.boxes]
    for chain in plan.chains:
        weight = STRAIGHT if len(chain) > 2 else 1.0
        for left, right in pairwise(chain):
            item, other = (left, right) if forwards else (right, left)
            near[item].append((other, weight))
    return near


def _crossings(plan: _Plan, layers: Sequence[Sequence[int]]) -> int:
    """Return how many pairs of links cross."""
    position = {item: place for layer in layers for place, item in enumerate(layer)}
    pieces: dict[int, list[tuple[int, int]]] = {}
    for chain in plan.chains:
        for left, right in pairwise(chain):
            pieces.setdefault(plan.level[left], []).append((position[left], position[right]))
    total = 0
    for found in pieces.values():
        starts, ends = np.array(found).T
        total += int(np.sum((starts[:, None] < starts) & (ends[:, None] > ends)))
    return total


# --- heights and places ----------------------------------------------------------------------------------------------


def _heights(plan: _Plan, layers: Sequence[Sequence[int]]) -> list[float]:
    """Return the height of the line through each item: near the mean of its neighbours, without overlaps."""
    y = [0.0] * len(plan.boxes)
    for layer in layers:
        _settle(plan, layer, y, lambda item: [])
    for sweep in range(2 * SWEEPS + 1):  # the last sweep goes right: a box is centred on its inputs
        forwards = sweep % 2 == 0
        near = _neighbours(plan, forwards=not forwards)
        for layer in layers if forwards else reversed(layers):
            _settle(plan, layer, y, near.__getitem__)
    top = min((y[i] - box.above for i, box in enumerate(plan.boxes)), default=0.0)
    return [height - top for height in y]


def _settle(
    plan: _Plan, layer: Sequence[int], y: list[float], near: Callable[[int], Sequence[tuple[int, float]]]
) -> None:
    """Move the items of one layer as near to their neighbours as the boxes allow (weighted least squares)."""
    offset, blocks = 0.0, list[tuple[float, float, list[int]]]()  # for each block: desired height, weight, items
    offsets: dict[int, float] = {}
    for place, item in enumerate(layer):
        if place:
            offset += plan.boxes[layer[place - 1]].below + GAP_Y + plan.boxes[item].above
        offsets[item] = offset
        neighbours = near(item)
        weight = sum(w for _, w in neighbours) or 0.01
        desired = sum(w * y[other] for other, w in neighbours) / weight if neighbours else y[item]
        blocks.append((desired - offset, weight, [item]))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:  # they overlap, so they move as one block
            (a, m, first), (b, n, second) = blocks[-2:]
            blocks[-2:] = [((m * a + n * b) / (m + n), m + n, first + second)]
    for desired, _, items in blocks:
        for item in items:
            y[item] = desired + offsets[item]


def _spots(plan: _Plan, layers: Sequence[Sequence[int]], y: Sequence[float]) -> tuple[list[Spot], float]:
    """Return the place of each item, and the total width."""
    places: Mapping[int, Spot] = dict(_columns(plan, layers, y))
    return [places[item] for item in range(len(plan.boxes))], max((spot.right for spot in places.values()), default=0.0)


def _columns(plan: _Plan, layers: Sequence[Sequence[int]], y: Sequence[float]) -> Iterator[tuple[int, Spot]]:
    left = 0.0
    for layer in layers:
        right = left + max((plan.boxes[item].width for item in layer), default=0.0)
        yield from ((item, Spot(left, y[item], right)) for item in layer)
        left = right + GAP_X
