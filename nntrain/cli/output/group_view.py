"""Groups of runs that differ in their seed alone, side by side: means with intervals, and paired tests."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from nntrain.cli.output.figures import figure, setting
from nntrain.cli.output.fitted_table import show_columns
from nntrain.cli.output.terminal import facts, out, out_json
from nntrain.comparison.groups import RunGroup, keys_that_part_groups, labels_of
from nntrain.comparison.run_table import main_figure, spell
from nntrain.core.student import Sample
from nntrain.ops.metrics import METRICS


def show_groups(groups: Sequence[RunGroup]) -> None:
    """Write the groups to stdout: what differs, each figure, and how the others differ from the first one."""
    keys, labels = keys_that_part_groups(groups), labels_of(groups)
    rows = [[key, *(_cell(group, key) for group in groups)] for key in keys]
    rows.append(["seeds", *(_seeds(group) for group in groups)])
    if any(group.diverged for group in groups):
        rows.append(["diverged", *(f"{group.diverged} of {len(group.runs)}" for group in groups)])
    rows += [[name, *(_spread(group.sample(name)) for group in groups)] for name in _figures(groups)]
    show_columns(["", *labels], rows)
    out()
    main = main_figure([run for group in groups for run in group.runs])
    several, lines = len(groups) > 2, []
    for label, group in zip(labels[1:], groups[1:], strict=True):
        for what, text in _difference(group.difference(groups[0], main), main):
            lines.append((what, f"{label}: {text}" if several else text))
    facts(lines)


def groups_as_json(groups: Sequence[RunGroup]) -> None:
    """Write the groups to stdout as one JSON object."""
    keys, names = keys_that_part_groups(groups), _figures(groups)

    def facts_of(group: RunGroup) -> Mapping[str, Any]:
        values = {key: group.spec.get(key) for key in keys}
        figures = {name: _as_object(group.sample(name)) for name in names}
        own = {"runs": [run.path for run in group.runs], "seeds": group.seeds, "diverged": group.diverged}
        return {**own, "settings": values, "figures": figures}

    def against(group: RunGroup) -> Mapping[str, Any]:
        return {
            name: {**_as_object(found), "p": found.p, "seeds_needed": found.needed}
            for name in names
            if (found := group.difference(groups[0], name)).n
        }

    out_json({"groups": [facts_of(group) for group in groups], "against": [against(group) for group in groups[1:]]})


def _figures(groups: Sequence[RunGroup]) -> list[str]:
    runs = [run for group in groups for run in group.runs]
    return list(dict.fromkeys(name for run in runs for name in run.figures if not name.endswith(".n")))


def _cell(group: RunGroup, key: str) -> str:
    return setting(group.spec[key], spell(group.spec[key])) if key in group.spec else "–"


def _seeds(group: RunGroup) -> str:
    """Return the seeds: 0 … 4 where they follow one another."""
    seeds = group.seeds
    if len(seeds) > 2 and all(isinstance(seed, int) for seed in seeds):
        ordered = sorted(seeds)
        if ordered == list(range(ordered[0], ordered[0] + len(ordered))):
            return f"{ordered[0]} … {ordered[-1]}"
    return ", ".join(str(seed) for seed in seeds)


def _spread(found: Sample) -> str:
    if not found.n:
        return "–"
    return f"{figure(found.mean)} ± {figure(found.half)}" if isfinite(found.half) else figure(found.mean)


def _difference(found: Sample, name: str) -> list[tuple[str, str]]:
    """Return what the seeds say of a difference, and how many would show one of its size."""
    if found.n < 2:
        return [("difference", f"{name}: {'no seed' if not found.n else 'one seed'} in both groups; a test needs two")]
    sign = "−" if found.mean < 0 else "+"
    size = f"{sign}{figure(abs(found.mean))} ± {figure(found.half)}"
    lines = [("difference", f"{name} {size} over {found.n} seeds that both have")]
    told = found.p <= 0.05
    lines.append(("paired t", f"p = {found.p:.2g}" + ("" if told else ": not told apart by these seeds")))
    if not told and found.mean:
        shown = f"{100 * abs(found.mean):.2g} points" if _is_share(name) else figure(abs(found.mean))
        count = "more than 10,000" if found.needed is None else f"about {found.needed:,}"
        lines.append(("seeds", f"{count} seeds would show {shown} (80 % power)"))
    return lines


def _is_share(figure: str) -> bool:
    """Whether a figure is a share of the examples, or a mean of shares."""
    metric = METRICS.get(figure.rpartition(".")[2])
    return metric is not None and metric.higher_is_better and "regression" not in metric.tasks


def _as_object(found: Sample) -> dict[str, Any]:
    return {"n": found.n, "mean": found.mean, "sd": found.sd, "half": found.half}
