"""The settings of a request: each combination of values of a grid, or some drawn at random. Knows no spec."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

from nntrain.core.rng import Stream, generator
from nntrain.errors import SpecError
from nntrain.spec.merge import Override
from nntrain.spec.tree import Node
from nntrain.sweeps.axis import Axis
from nntrain.sweeps.request import Block, Request

MOST_SETTINGS = 100_000


def settings_of(request: Request) -> list[tuple[Override, ...]]:
    """Return what each setting lays over the base, in the order of the plan. SpecError for ranges without a number."""
    if request.draws is not None:
        _limit(request.draws.settings)
        return [_drawn(request, index) for index in range(request.draws.settings)]
    problems: list[str] = []
    grids: list[list[list[Node]]] = []
    for block in request.blocks:
        try:
            grids.append([axis.values() for axis in block.axes])
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(*problems)
    _limit(sum(math.prod(len(values) for values in grid) for grid in grids))
    return [
        setting for block, grid in zip(request.blocks, grids, strict=True) for setting in _combinations(block, grid)
    ]


def _combinations(block: Block, grid: Sequence[Sequence[Node]]) -> Iterator[tuple[Override, ...]]:
    for values in product(*grid):
        yield *block.fixed, *_values(block.axes, values)


def _drawn(request: Request, index: int) -> tuple[Override, ...]:
    """Return one setting; it depends on the seed and its index alone, so that more settings keep the first ones."""
    assert request.draws is not None
    rng = generator(request.draws.seed, Stream.SWEEP, index)
    axes = request.blocks[0].axes
    return tuple(_values(axes, [axis.draw(rng) for axis in axes]))


def _values(axes: Sequence[Axis], values: Sequence[Node]) -> list[Override]:
    return [Override(axis.key, value, axis.mark) for axis, value in zip(axes, values, strict=True)]


def _limit(settings: int) -> None:
    if settings > MOST_SETTINGS:
        raise SpecError(f"{settings:,} settings are more than the {MOST_SETTINGS:,} of one sweep; vary fewer keys")
