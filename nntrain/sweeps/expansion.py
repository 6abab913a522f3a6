"""From a request to the plan: every point built and checked, against the schema and the data, before any is trained.

Reads the data, once for each way of dividing them; starts and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from nntrain.artifacts.strict_json import canonical
from nntrain.errors import SpecError
from nntrain.spec import Loaded, load, override, reload
from nntrain.spec.merge import OVERRIDES, Override
from nntrain.spec.tree import Mark, Origin, Scalar, plain
from nntrain.sweeps.axis import Axis
from nntrain.sweeps.grid import settings_of
from nntrain.sweeps.point_check import PointCheck
from nntrain.sweeps.points import Plan, Setting
from nntrain.sweeps.request import Block, Request

FOLD = "data.fold"  # varies as seeds do: every setting is trained with each of its values


def expand(request: Request, overrides: Sequence[str] = ()) -> Plan:
    """Return the plan, with ``key=value`` overrides laid over the base. SpecError, DataError with every problem."""
    expansion = Expansion(request, overrides)
    return expansion.add(settings_of(expansion.request))


class Expansion:
    """Makes points of settings, more and more of them where later ones depend on the results of earlier ones."""

    def __init__(self, request: Request, overrides: Sequence[str] = ()) -> None:
        """Load the base. SpecError with every problem."""
        if request.seeds is not None and any(text.partition("=")[0].strip() == "seed" for text in overrides):
            raise SpecError("--set seed: the seeds of this sweep are given by `seeds`")
        base = override(load(request.base, overrides), request.fixed)
        if base.spec.runtime.threads is None:  # their number changes the last digits: one, wherever a point is trained
            mark = Mark(Origin("runtime.threads", Path.cwd(), OVERRIDES, is_file=False))
            base = override(base, [Override("runtime.threads", Scalar(mark, 1), mark)])
        blocks, self.folds = _without_folds([_with_whole(block, base) for block in request.blocks])
        self.request, self.base = replace(request, blocks=blocks), base
        self.seeds = [base.spec.seed] if request.seeds is None else list(request.seeds)
        self._check = PointCheck()
        self._settings: dict[tuple[str, ...], Setting] = {}
        self._keys: dict[str, None] = {}
        self._numbers: dict[str, int] = {}  # of settings in the plan, by what they lay over the base
        self._merged = 0

    def add(self, laid: Sequence[tuple[Override, ...]]) -> Plan:
        """Return the plan with more settings, by what each lays over the base. SpecError, DataError with all problems.

        Those equal to an earlier one are counted only.
        """
        found = [self._check.points(self.base, values, self.seeds, self.folds) for values in laid]
        self._check.raise_problems()
        for values, points in zip(laid, found, strict=True):
            ids = tuple(point.id for point in points)
            if ids in self._settings:
                self._merged += 1
            else:
                numbered = [replace(point, setting=len(self._settings)) for point in points]
                self._settings[ids] = Setting({one.path: plain(one.value) for one in values}, numbered)
            self._numbers[_text(values)] = self._settings[ids].points[0].setting
            self._keys |= dict.fromkeys(one.path for one in values)
        return self._plan()

    def check(self, laid: Sequence[tuple[Override, ...]]) -> None:
        """Raise SpecError or DataError if one of these settings has a problem; add none of them."""
        for values in laid:
            self._check.points(self.base, values, self.seeds[:1], self.folds[:1])
        self._check.raise_problems()

    def number(self, values: tuple[Override, ...]) -> int:
        """Return the place in the plan, from 0, of a setting that was added."""
        return self._numbers[_text(values)]

    def _plan(self) -> Plan:
        rank, drawn = self._check.rank(self.request.rank), self._check.drawn_by_seeds
        settings, halving = list(self._settings.values()), self.request.halving
        spans = {axis.key: axis.span for block in self.request.blocks for axis in block.axes}
        log = [key for key, span in spans.items() if span is not None and span.scale == "log"]
        folds = [point.fold for point in settings[0].points if point.fold is not None] if settings else []
        plan = Plan(
            *(settings, list(self._keys), self.seeds, rank, self.base.text, self._merged, drawn),
            log=log,
            folds=list(dict.fromkeys(folds)),
        )
        return plan if halving is None else replace(plan, rungs=_rungs(halving.rungs, plan))


def _text(values: Sequence[Override]) -> str:
    return canonical([[one.path, plain(one.value)] for one in values])


def _with_whole(block: Block, base: Loaded) -> Block:
    """Return a block whose ranges have whole numbers where a key takes no others: those that refuse low + ½."""

    def fits(axis: Axis, value: float) -> bool:
        try:
            override(base, [*block.fixed, Override(axis.key, axis.scalar(value), axis.mark)])
        except SpecError:
            return False
        return True

    def settled(axis: Axis) -> Axis:
        span = axis.span
        if span is None or not span.ends_are_whole or not fits(axis, span.low) or fits(axis, span.low + 0.5):
            return axis
        return replace(axis, span=replace(span, whole=True))

    return replace(block, axes=[settled(axis) for axis in block.axes])


def _without_folds(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Override]]:
    """Return the blocks without the axis of folds, and each of its values, with which all settings are trained.

    SpecError where blocks have different folds.
    """
    found = [axis for block in blocks for axis in block.axes if axis.key == FOLD]
    if not found:
        return blocks, ()
    values = [[Override(axis.key, node, axis.mark) for node in axis.values()] for axis in found]
    texts = {_text(own) for own in values}
    if len(texts) > 1 or len(found) < len(blocks):
        raise SpecError(f"{FOLD}: all settings must have the same folds; give them once for each part of the sweep")
    others = [replace(block, axes=[axis for axis in block.axes if axis.key != FOLD]) for block in blocks]
    return others, values[0]


def _rungs(rungs: Sequence[int], plan: Plan) -> Sequence[int]:
    """Return the epochs at which runs pause. SpecError unless they ascend and lie before the end of every run."""
    least = min(point.resolved["train"]["epochs"] for point in plan.points)
    if any(later <= rung for rung, later in pairwise([0, *rungs])):
        raise SpecError(f"halving.rungs: expected ascending epochs from 1 on, got {list(rungs)}")
    if rungs[-1] >= least:
        raise SpecError(f"halving.rungs: {rungs[-1]} is not before the end of all runs, at {least} epochs")
    return rungs


def confirm(plan: Plan, setting: Setting, seeds: int) -> Plan:
    """Return a plan of one setting with the ``seeds`` next seeds that nothing was chosen by. SpecError, DataError."""
    first = max(plan.seeds) + 1
    fresh, check = range(first, first + seeds), PointCheck()
    mark = Mark(Origin(FOLD, Path.cwd(), OVERRIDES, is_file=False))
    folds = [Override(FOLD, Scalar(mark, fold), mark) for fold in plan.folds]
    points = check.points(reload(setting.points[0].resolved, text=plan.text), (), fresh, folds)
    check.raise_problems()
    return replace(plan, settings=[Setting(setting.values, points)], seeds=fresh, merged=0, rungs=())
