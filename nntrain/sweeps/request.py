"""What a sweep is asked for: a base spec, what varies, the seeds, and the figure that counts.

Takes it from options; ``sweep_file`` reads it from a file. Knows no key of a spec but two that cannot vary.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

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
class Halving:
    """Epochs at which runs pause, and that one in ``factor`` settings then goes on (Jamieson and Talwalkar 2016)."""

    rungs: Sequence[int]
    factor: int = 3


@dataclass(frozen=True, slots=True)
class Tpe:
    """How many settings are proposed from the results of those before, ``batch`` at a time, and from which seed."""

    settings: int
    seed: int = 0
    batch: int = 4


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
    halving: Halving | None = None
    tpe: Tpe | None = None

    @property
    def method(self) -> str:
        """How settings are found, in a word."""
        return "tpe" if self.tpe else "halving" if self.halving else "random" if self.draws else "grid"


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line says of a sweep beside its base and the keys that vary."""

    seeds: int | None = None
    random: int | None = None
    rank: str | None = None
    halving: str | None = None
    tpe: int | None = None


def request_of_options(base: Path, over: Sequence[str], options: Options) -> Request:
    """Return the request that a command line makes. SpecError with every problem."""
    axes: list[Axis] = []
    problems: list[str] = []
    for text in over:
        try:
            axes.append(parse_axis(text))
        except SpecError as error:
            problems += error.problems
    problems += conflicts(axes, ())
    seeds, halving = options.seeds, None
    if options.halving is not None:
        try:
            halving = Halving(_epochs(options.halving))
        except SpecError as error:
            problems += error.problems
    if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
        problems.append(f"--seeds: must be from 1 to {MOST_SEEDS:,}, got {seeds}")
    if not over and seeds is None:
        problems.append("nothing varies; give --over KEY=VALUES or --seeds N")
    problems += _without_keys(options, over)
    if problems:
        raise SpecError(*problems)
    written = {"base": str(base.absolute()), "over": {axis.key: _written(axis) for axis in axes}}
    draws = Draws(options.random) if options.random is not None else None
    tpe = Tpe(options.tpe) if options.tpe is not None else None
    own = None if seeds is None else range(seeds)
    request = Request(
        base, base.stem, "", [Block(axes=axes)], seeds=own, draws=draws, rank=options.rank, halving=halving, tpe=tpe
    )
    more: dict[str, Any] = {
        "seeds": seeds,
        "rank": options.rank,
        "method": None if request.method == "grid" else request.method,
    }
    more |= {name: one and asdict(one) for name, one in (("random", draws), ("halving", halving), ("tpe", tpe))}
    return replace(request, text=to_yaml(written | {key: value for key, value in more.items() if value is not None}))


def _without_keys(options: Options, over: Sequence[str]) -> list[str]:
    """Return what is wrong with the options that say how settings are found."""
    given = {"--random": options.random, "--halving": options.halving, "--tpe": options.tpe}
    names = [name for name, value in given.items() if value is not None]
    found = [f"{name}: nothing varies; give --over KEY=VALUES" for name in names if not over]
    if "--tpe" in names and len(names) > 1:
        found.append(f"{names[0]}, --tpe: settings are found in one way; leave one of them out")
    return found


def _epochs(text: str) -> list[int]:
    """Return the epochs of ``5,15``. SpecError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise SpecError(f"--halving: expected epochs, as in 5,15, got {text!r}")
    return [int(part) for part in parts]


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
