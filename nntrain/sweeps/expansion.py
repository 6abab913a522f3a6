"""From a request to the plan: every point built and checked, against the schema and the data, before any is trained.

Reads the data, once for each way of dividing them; starts and writes nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from nntrain.artifacts.strict_json import canonical
from nntrain.data.dataset import Dataset
from nntrain.data.prepare import prepare
from nntrain.errors import DataError, SpecError, did_you_mean
from nntrain.runs import Assembly, assemble
from nntrain.runs.assembly import Facts, conflicts_of
from nntrain.spec import Loaded, load, override, reload
from nntrain.spec.merge import OVERRIDES, Override
from nntrain.spec.tree import Mark, Origin, Scalar, plain
from nntrain.sweeps.axis import Axis
from nntrain.sweeps.grid import settings_of
from nntrain.sweeps.points import Plan, Point, Setting
from nntrain.sweeps.request import Block, Request

ID = 12  # hex digits of an id
SHOWN = 20  # problems that are told at once


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
        self.request, self.base = replace(request, blocks=[_with_whole(block, base) for block in request.blocks]), base
        self.seeds = [base.spec.seed] if request.seeds is None else list(request.seeds)
        self._check = _Check()
        self._settings: dict[tuple[str, ...], Setting] = {}
        self._keys: dict[str, None] = {}
        self._numbers: dict[str, int] = {}  # of settings in the plan, by what they lay over the base
        self._merged = 0

    def add(self, laid: Sequence[tuple[Override, ...]]) -> Plan:
        """Return the plan with more settings, by what each lays over the base. SpecError, DataError with all problems.

        Those equal to an earlier one are counted only.
        """
        found = [self._check.points(self.base, values, self.seeds) for values in laid]
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
            self._check.points(self.base, values, self.seeds[:1])
        self._check.raise_problems()

    def number(self, values: tuple[Override, ...]) -> int:
        """Return the place in the plan, from 0, of a setting that was added."""
        return self._numbers[_text(values)]

    def _plan(self) -> Plan:
        rank, drawn = self._check.rank(self.request.rank), self._check.drawn_by_seeds
        settings, halving = list(self._settings.values()), self.request.halving
        spans = {axis.key: axis.span for block in self.request.blocks for axis in block.axes}
        log = [key for key, span in spans.items() if span is not None and span.scale == "log"]
        plan = Plan(settings, list(self._keys), self.seeds, rank, self.base.text, self._merged, drawn, log=log)
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
    fresh, check = range(first, first + seeds), _Check()
    points = check.points(reload(setting.points[0].resolved, text=plan.text), (), fresh)
    check.raise_problems()
    return replace(plan, settings=[Setting(setting.values, points)], seeds=fresh, merged=0, rungs=())


@dataclass(frozen=True, slots=True)
class _Data:
    """What is to be known of data, divided in one way."""

    facts: Facts
    fingerprint: str
    validates: bool
    rows: str  # a digest of those that are trained on


@dataclass(slots=True)
class _Check:
    """Builds points and collects what is wrong with them; reads each division of the data once."""

    spec_problems: dict[str, None] = field(default_factory=dict)  # in order, each once
    data_problems: dict[str, None] = field(default_factory=dict)
    figures: list[list[str]] = field(default_factory=list)  # of each point, by which settings could be ranked
    _data: dict[str, _Data | None] = field(default_factory=dict)
    _divisions: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # data and rows, over the seeds

    def points(self, base: Loaded, values: Sequence[Override], seeds: Sequence[int]) -> list[Point]:
        """Return the points of a setting, without those that have problems."""
        nearer_last = sorted(values, key=lambda one: one.path.count("."))  # or `optimizer` would undo `optimizer.lr`
        try:
            loaded = override(base, nearer_last)
        except SpecError as error:
            self.spec_problems |= dict.fromkeys(error.problems)
            return []
        return [point for seed in seeds if (point := self.point(loaded, seed)) is not None]

    def point(self, loaded: Loaded, seed: int) -> Point | None:
        """Return the point of a setting and a seed, or None if it has a problem."""
        resolved = {**loaded.resolved, "seed": seed}
        spec = replace(loaded.spec, seed=seed)
        data = self.data(replace(loaded, spec=spec, resolved=resolved))
        if data is None:
            return None
        self._divisions.setdefault(canonical([resolved["data"]]), set()).add((data.fingerprint, data.rows))
        settled = replace(loaded, spec=spec).settle(data.facts.task, len(data.facts.class_names))
        resolved, assembly = settled.resolved, Assembly(settled.spec, data.facts)
        problems = conflicts_of(assembly, data.facts.n_rows, measurable=data.validates)
        if problems:
            self.spec_problems |= dict.fromkeys(loaded.locate_error(SpecError(*problems)).problems)
            return None
        parts = ["validation", "train"] if data.validates else ["train"]
        self.figures.append([f"{part}.{name}" for part in parts for name in assembly.figures])
        return Point(_id(resolved, data.fingerprint), 0, seed, resolved)

    def data(self, loaded: Loaded) -> _Data | None:
        """Return what is to be known of the data of a spec, or None if they have a problem."""
        spec = loaded.spec
        key = canonical([loaded.resolved["data"], spec.data.seed_or(spec.seed), spec.train.dtype])
        if key not in self._data:
            try:
                data = prepare(spec.data, seed=spec.seed, dtype=spec.train.dtype)
                facts = assemble(spec, data).facts
                self._data[key] = _Data(facts, data.fingerprint, data.validation is not None, _rows_of(data))
            except DataError as error:
                self.data_problems[str(error)] = None
                self._data[key] = None
        return self._data[key]

    @property
    def drawn_by_seeds(self) -> str:
        """What the seeds draw of the data: all of them, only how they are split, or nothing."""
        if any(len({fingerprint for fingerprint, _ in found}) > 1 for found in self._divisions.values()):
            return "data"
        return "split" if any(len(found) > 1 for found in self._divisions.values()) else ""

    def raise_problems(self) -> None:
        """Raise SpecError, or DataError if the data alone are at fault, with every problem found."""
        found = [*self.spec_problems, *self.data_problems]
        more = [f"and {len(found) - SHOWN} more problems"] if len(found) > SHOWN else []
        if self.spec_problems:
            raise SpecError(*found[:SHOWN], *more)
        if found:
            raise DataError("\n".join(found[:SHOWN] + more))

    def rank(self, wanted: str | None) -> str:
        """Return the figure that counts; by default the first metric on the validation part. SpecError."""
        known = [name for name in self.figures[0] if all(name in figures for figures in self.figures)]
        if wanted is None:
            names = [name for name in known if name.startswith("validation.")]
            if not names:
                advice = "set data.validation, e.g. --set data.validation=0.1, or rank by train.cost"
                raise SpecError(f"rank: there is no validation part to choose by; {advice}")
            return names[1] if len(names) > 1 else names[0]
        if wanted.startswith("test."):
            raise SpecError(
                f"rank: {wanted}: what is chosen by the test part is no longer tested by it; use {known[0]}"
            )
        if wanted not in known:
            raise SpecError(f"rank: no such figure, got '{wanted}'{did_you_mean(wanted, known)}")
        return wanted


def _rows_of(data: Dataset) -> str:
    """Return a digest of the rows that are trained on, in any order."""
    rows = data.trained_rows
    return "" if rows is None else hashlib.sha256(rows.digests.tobytes()).hexdigest()


def _id(resolved: dict[str, object], fingerprint: str) -> str:
    """Return the hash of all that a result depends on: not the name, nor how often a checkpoint is written."""
    spec = {key: value for key, value in resolved.items() if key not in ("name", "checkpoint")}
    checkpoint, data = resolved["checkpoint"], resolved["data"]
    assert isinstance(checkpoint, dict)
    assert isinstance(data, dict)
    if data["seed"] is None:  # the seed of the run, which is there already
        spec["data"] = {key: value for key, value in data.items() if key != "seed"}
    spec["checkpoint"] = {"best": checkpoint["best"]}  # says which weights are kept and scored
    return hashlib.sha256(canonical([spec, fingerprint]).encode()).hexdigest()[:ID]
