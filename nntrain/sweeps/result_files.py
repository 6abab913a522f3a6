"""The files a sweep ends with: runs.csv, settings.csv and best.yaml, functions of the plan and the outcomes alone.

No times, and nothing of the order in which runs ended: the same sweep gives the same bytes.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.artifacts.csv_text import csv_text
from nntrain.core.student import Sample
from nntrain.spec import dump
from nntrain.sweeps.folder import Outcome
from nntrain.sweeps.points import Plan
from nntrain.sweeps.setting_values import ABSENT, spell, value_at
from nntrain.sweeps.standings import Standing

RUNS, SETTINGS, BEST, CONFIRMATION = "runs.csv", "settings.csv", "best.yaml", "confirmation.csv"


def result_files(plan: Plan, outcomes: Mapping[str, Outcome], found: Sequence[Standing]) -> dict[str, str]:
    """Return the text of each file by name; no best.yaml while no setting has a score."""
    files = {RUNS: _runs(plan, outcomes), SETTINGS: _settings(plan, found)}
    if found and found[0].score.n:
        files[BEST] = _best(plan, found)
    return files


def confirmation_file(plan: Plan, outcomes: Mapping[str, Outcome]) -> str:
    """Return the text of confirmation.csv: the runs of the best setting with fresh seeds."""
    return _runs(plan, outcomes)


def _runs(plan: Plan, outcomes: Mapping[str, Outcome]) -> str:
    names = list(dict.fromkeys(name for point in plan.points for name in outcomes[point.id].figures))
    rows = []
    for number, setting in enumerate(plan.settings, start=1):
        values = [_cell(value_at(setting, key)) for key in plan.keys]
        for point in setting.points:
            one = outcomes[point.id]
            figures = [_cell(one.figures.get(name)) for name in names]
            seed = [point.seed, point.fold] if plan.folds else [point.seed]
            rows.append([point.id, number, *values, *seed, one.status, _cell(one.epochs), _cell(one.kept), *figures])
    unit = ["seed", "fold"] if plan.folds else ["seed"]
    return csv_text(["run", "setting", *plan.keys, *unit, "status", "epochs", "kept_epoch", *names], rows, guard=True)


def _settings(plan: Plan, found: Sequence[Standing]) -> str:
    test = f"test.{plan.rank.partition('.')[2]}"
    summed = ["n", "mean", "sd", "low", "high", "worst", "diverged", "runs"]
    paired = ["difference", "difference_low", "difference_high"]
    halved = ["paused_at"] if plan.rungs else []
    rows = []
    for place, one in enumerate(found, start=1):
        values = [_cell(value_at(one.setting, key)) for key in plan.keys]
        score = [one.score.n, one.score.mean, one.score.sd, *_interval(one.score), one.worst, one.diverged, one.runs]
        difference = [one.difference.mean, *_interval(one.difference)]
        figures = [*score, *difference, one.test.mean, *([one.paused] if halved else [])]
        rows.append([place, one.number, *values, plan.rank, *map(_cell, figures)])
    header = ["place", "setting", *plan.keys, "figure", *summed, *paired, f"{test}.mean", *halved]
    return csv_text(header, rows, guard=True)


def _best(plan: Plan, found: Sequence[Standing]) -> str:
    best = found[0]
    seeds = f"mean over {best.score.n} {plan.unit_noun}s" if best.score.n > 1 else f"seed {best.setting.points[0].seed}"
    head = f"# the best of {len(found)} settings by {plan.rank}: {best.score.mean:.6g}, {seeds}\n"
    return head + dump(best.setting.points[0].resolved)


def _interval(sample: Sample) -> tuple[float, float]:
    return sample.mean - sample.half, sample.mean + sample.half


def _cell(value: Any) -> Any:
    """Return a cell: a number as it is, an empty one for what is not there or not a number, anything else as text."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ABSENT
    return value if isinstance(value, int | float) and not isinstance(value, bool) else spell(value)
