"""The curves of runs on common axes: their cost, and the score that counts. Reads metrics, draws nothing."""

import math
from collections.abc import Sequence
from itertools import takewhile

from nntrain.artifacts.rundir import RunDir
from nntrain.comparison.groups import RunGroup, keys_that_part_groups, labels_of
from nntrain.drawing.overlay import Line, Overlay, Panel
from nntrain.drawing.sheet import Heading
from nntrain.runs.run_title import SAID, score_names
from nntrain.train import history
from nntrain.train.history import Record


def overlay_of(groups: Sequence[RunGroup]) -> Overlay:
    """Return the picture of groups of runs: a line for each run, and of several seeds their mean with the label.

    Drawn are the cost and the first score on the validation part where each run has one, else on the training part.
    CheckpointError for damaged metrics.
    """
    records = [[RunDir(run.path).read_metrics() for run in group.runs] for group in groups]
    every = [record for own in records for run in own for record in run]
    part = "validation" if all("validation" in record for record in every) else "train"
    scores = dict.fromkeys(name for record in every for name in record.get(part, {}) if name != "cost")
    labels, places = labels_of(groups), _places(groups)
    panels = []
    for name in ["cost", *list(scores)[:1]]:
        lines: list[Line] = []
        for group, own, label, place in zip(groups, records, labels, places, strict=True):
            lines += _lines(group, own, f"{part}.{name}", label, place)
        title = name.upper() if len(name) <= 4 and name != "cost" else name.replace("_", " ")
        panels.append(Panel(f"{SAID[part].capitalize()} {title}", lines, name in score_names()))
    return Overlay(panels, _heading(groups))


def _lines(group: RunGroup, records: Sequence[Sequence[Record]], figure: str, label: str, place: int) -> list[Line]:
    alone = len(group.runs) == 1
    lines, whole = [], []
    for run, own in zip(group.runs, records, strict=True):
        diverged = run.status == "diverged"
        pairs = [
            pair for pair in zip(*history.series(own, figure), strict=True) if not diverged or math.isfinite(pair[1])
        ]
        epochs, values = [epoch for epoch, _ in pairs], [value for _, value in pairs]
        lines.append(Line(label if alone or diverged else "", epochs, values, place, diverged, faint=not alone))
        if not diverged:
            whole.append(lines[-1])
    if alone or not whole:
        return lines
    rows = list(takewhile(lambda row: len(set(row)) == 1, zip(*(line.epochs for line in whole), strict=False)))
    means = [math.fsum(line.values[i] for line in whole) / len(whole) for i in range(len(rows))]
    return [*lines, Line(label, [row[0] for row in rows], means, place)]


def _places(groups: Sequence[RunGroup]) -> list[int]:
    """Return the place of each group among the looks: by value where one key of numbers parts them, else in order."""
    keys = keys_that_part_groups(groups)
    values = [group.spec.get(keys[0]) for group in groups] if len(keys) == 1 else []
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(groups) or len(set(numbers)) < len(groups):
        return list(range(len(groups)))
    return [sorted(numbers).index(value) for value in numbers]


def _heading(groups: Sequence[RunGroup]) -> Heading:
    runs = [run for group in groups for run in group.runs]
    names = {str(run.spec.get("name")) for run in runs}
    keys = keys_that_part_groups(groups)
    several = len(runs) > len(groups)
    details = [f"{len(runs)} runs", *([f"by {', '.join(keys)}"] if 0 < len(keys) <= 4 else [])]
    return Heading(
        names.pop() if len(names) == 1 else "runs", [*details, *(["thick: mean of the seeds"] if several else [])]
    )
