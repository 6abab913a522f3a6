"""Points of a sweep, built and checked against the schema and the data. Starts and writes nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nntrain.artifacts.strict_json import canonical
from nntrain.data.dataset import Dataset
from nntrain.data.prepare import prepare
from nntrain.errors import DataError, SpecError, did_you_mean
from nntrain.runs import Assembly, assemble
from nntrain.runs.assembly import conflicts_of
from nntrain.runs.data_facts import Facts
from nntrain.spec import Loaded, override
from nntrain.spec.merge import Override
from nntrain.sweeps.points import Point

ID = 12  # hex digits of an id
SHOWN = 20  # problems that are told at once


@dataclass(frozen=True, slots=True)
class _Data:
    """What is to be known of data, divided in one way."""

    facts: Facts
    fingerprint: str
    validates: bool
    rows: str  # a digest of those that are trained on


@dataclass(slots=True)
class PointCheck:
    """Builds points and collects what is wrong with them; reads each division of the data once."""

    spec_problems: dict[str, None] = field(default_factory=dict)  # in order, each once
    data_problems: dict[str, None] = field(default_factory=dict)
    figures: list[list[str]] = field(default_factory=list)  # of each point, by which settings could be ranked
    _data: dict[str, _Data | None] = field(default_factory=dict)
    _divisions: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # data and rows, over the seeds

    def points(
        self, base: Loaded, values: Sequence[Override], seeds: Sequence[int], folds: Sequence[Override] = ()
    ) -> list[Point]:
        """Return the points of a setting, each seed with each fold, without those that have problems."""
        nearer_last = sorted(values, key=lambda one: one.path.count("."))  # or `optimizer` would undo `optimizer.lr`
        try:
            loaded = [override(base, [*nearer_last, fold]) for fold in folds] or [override(base, nearer_last)]
        except SpecError as error:
            self.spec_problems |= dict.fromkeys(error.problems)
            return []
        found = [self.point(one, seed, one.spec.data.fold if folds else None) for seed in seeds for one in loaded]
        return [point for point in found if point is not None]

    def point(self, loaded: Loaded, seed: int, fold: int | None = None) -> Point | None:
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
        return Point(_id(resolved, data.fingerprint), 0, seed, resolved, fold)

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
    if spec["parallel"] == {"shards": 1}:  # as if nothing was said of it, so that ids of earlier versions stay the same
        del spec["parallel"]
    spec["checkpoint"] = {"best": checkpoint["best"]}  # says which weights are kept and scored
    return hashlib.sha256(canonical([spec, fingerprint]).encode()).hexdigest()[:ID]
