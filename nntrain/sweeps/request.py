"""What a sweep is asked for: a base spec, what varies, the seeds, and the figure that counts.

Takes it from options; ``sweep_file`` reads it from a file. Knows no key of a spec but two that cannot vary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.errors import SpecError
from nntrain.spec.emit import to_yaml
from nntrain.spec.merge import Override
from nntrain.spec.tree import Problem, plain
from nntrain.sweeps.axis import Axis, parse_axis

MOST_SEEDS = 10_000
ELSEWHERE = {"seed": "seeds are given by `seeds`", "name": "a name changes nothing that is computed"}


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the plan: what is set in all of it, and the keys that vary in it."""

    fixed: Sequence[Override] = ()
    axes: Sequence[Axis] = ()


@dataclass(frozen=True, slots=True)
class Draws:
    """How many settings are drawn at random, and from which seed."""

    settings: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A sweep as it was asked for; ``text`` is how it was written, or would be.

    ``seeds`` is None for the base's own; ``rank`` None for the first figure of the task's metric.
    """

    base: Path
    name: str
    text: str
    blocks: Sequence[Block]
    fixed: Sequence[Override] = ()
    seeds: Sequence[int] | None = None
    draws: Draws | None = None
    rank: str | None = None


def request_of_options(
    base: Path, over: Sequence[str], *, seeds: int | None = None, draws: Draws | None = None, rank: str | None = None
) -> Request:
    """Return the request that a command line makes. SpecError with every problem."""
    axes: list[Axis] = []
    problems: list[str] = []
    for text in over:
        try:
            axes.append(parse_axis(text))
        except SpecError as error:
            problems += error.problems
    problems += conflicts(axes, ())
    if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
        problems.append(f"--seeds: must be from 1 to {MOST_SEEDS:,}, got {seeds}")
    if not over and seeds is None:
        problems.append("nothing varies; give --over KEY=VALUES or --seeds N")
    if draws is not None and not over:
        problems.append("--random: nothing to draw; give --over KEY=VALUES")
    if problems:
        raise SpecError(*problems)
    written = {"base": str(base.absolute()), "over": {axis.key: _written(axis) for axis in axes}}
    more = {"seeds": seeds, "rank": rank, "random": draws and {"settings": draws.settings, "seed": draws.seed}}
    text = to_yaml(written | {key: value for key, value in more.items() if value is not None})
    own = None if seeds is None else range(seeds)
    return Request(base, base.stem, text, [Block(axes=axes)], seeds=own, draws=draws, rank=rank)


def conflicts(axes: Sequence[Axis], fixed: Sequence[Override]) -> list[str]:
    """Return what is wrong with keys that vary: those that cannot, those given twice, those that are set as well."""
    found, seen = [], {one.path: "set" for one in fixed}
    for one in fixed:
        if one.path == "seed":
            found.append(str(Problem(one.mark, one.path, f"cannot be set here: {ELSEWHERE['seed']}")))
    for axis in axes:
        if axis.key in ELSEWHERE:
            found.append(str(Problem(axis.mark, axis.path, f"cannot vary here: {ELSEWHERE[axis.key]}")))
        elif axis.key in seen:
            found.append(str(Problem(axis.mark, axis.path, f"{seen[axis.key]} already; give all its values at once")))
        seen[axis.key] = "varies"
    return found


def _written(axis: Axis) -> object:
    if axis.span is None:
        return [plain(node) for node in axis.nodes]
    span = axis.span
    return {span.scale: [span.low, span.high, *([] if span.count is None else [span.count])]}
