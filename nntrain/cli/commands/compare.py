"""``nntrain compare``: runs side by side, where they part, and which setting is the cause."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.arguments import Json, check_runs

if TYPE_CHECKING:
    from nntrain.comparison.contrast import Contrast
    from nntrain.comparison.paired_tests import Flips
    from nntrain.comparison.run_record import RunRecord

SHOWN = 6  # causes in a line


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN RUN...", help="Two or more runs.", callback=check_runs),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Draw their curves too, on common axes: a .png, .svg or .pdf."
        ),
    ] = None,
    use: Annotated[
        str, typer.Option("--for", metavar="USE", help="Sizes of text and lines for screen, slide or paper.")
    ] = "screen",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it is there.")] = False,
    as_json: Json = False,
) -> None:
    """Compare runs with the first: specs, data and figures.

    Where runs differ in their seed alone, groups of them are compared seed by seed. The first epoch that differs is
    named. Runs that differ in nothing are the same bits: every figure of every epoch and every weight.
    """
    from nntrain.cli.output.group_view import groups_as_json, show_groups
    from nntrain.cli.output.picture_file import target_of, write_picture
    from nntrain.cli.output.terminal import out
    from nntrain.comparison.contrast import hold_against
    from nntrain.comparison.decisions import flips
    from nntrain.comparison.groups import groups_of, singles
    from nntrain.comparison.overlay_of_runs import overlay_of
    from nntrain.comparison.run_record import read_run
    from nntrain.errors import SpecError

    if len(runs) < 2:
        raise SpecError("RUN: name two runs or more to compare")
    target = target_of(output, use, force=force, instead=str) if output is not None else None
    first, *others = [read_run(path) for path in runs]
    groups = groups_of([first, *others])
    if target is not None:
        write_picture(target, overlay_of(groups or singles([first, *others])).draw, quiet=as_json)
    if groups is not None:
        (groups_as_json if as_json else show_groups)(groups)
        return
    contrasts = [hold_against(first, other) for other in others]
    flipped = flips(first, others)
    if as_json:
        _print_json(first, others, contrasts, flipped)
    elif all(one.same_bits for one in contrasts):
        out(
            f"the same bits: {len(runs)} of {len(runs)} runs, {contrasts[0].epochs} epochs, "
            "every figure and every weight"
        )
    else:
        _show(first, others, contrasts, flipped)


def _show(
    first: "RunRecord",
    others: "Sequence[RunRecord]",
    contrasts: "Sequence[Contrast]",
    flipped: "Sequence[Flips | None]",
) -> None:
    from nntrain.cli.output.fitted_table import show_columns
    from nntrain.cli.output.terminal import facts, out

    found = [first, *others]
    labels = _labels(found)
    show_columns(["", *labels], [*_settings(found, contrasts), *_figures(found)])
    out()
    several = len(others) > 1
    lines: list[tuple[str, str]] = []
    for label, one, flip in zip(labels[1:], contrasts, flipped, strict=True):
        lines += [(what, f"{label}: {text}" if several else text) for what, text in _facts(labels[0], label, one, flip)]
    facts(lines)


def _labels(found: "Sequence[RunRecord]") -> list[str]:
    """Return a short name for each run: that of its folder, or its path where two have the same."""
    names = [run.name for run in found]
    return [name if names.count(name) == 1 else str(run.path) for name, run in zip(names, found, strict=True)]


def _settings(found: "Sequence[RunRecord]", contrasts: "Sequence[Contrast]") -> list[list[str]]:
    from nntrain.cli.output.figures import setting
    from nntrain.comparison.contrast import in_order_of_use
    from nntrain.comparison.run_table import spell

    keys = in_order_of_use(list(dict.fromkeys(key for one in contrasts for key in one.keys)))

    def cell(run: "RunRecord", key: str) -> str:
        return setting(run.spec[key], spell(run.spec[key])) if key in run.spec else "–"

    rows = [[key, *(cell(run, key) for run in found)] for key in keys]
    data = ["" if one.same_data else "other data" for one in contrasts]
    machine = [f"{len(one.environment)} other" if one.environment else "" for one in contrasts]
    for what, cells in (("data", data), ("environment", machine)):
        rows.append([what, "", *(cell or "the same" for cell in cells)])
    return rows


def _figures(found: "Sequence[RunRecord]") -> list[list[str]]:
    from nntrain.cli.output.figures import figure

    names = dict.fromkeys(name for run in found for name in run.figures if not name.endswith(".n"))
    rows = [["ended", *(run.status for run in found)]]
    rows += [["epochs, kept", *(f"{run.epochs}, {run.kept}" if run.epochs is not None else "–" for run in found)]]
    for name in names:
        cells = [f"{figure(run.figures.get(name))}{_interval(run, name)}" for run in found]
        rows.append([name, *cells])
    return rows


def _interval(run: "RunRecord", name: str) -> str:
    """Return the 95 % interval of an accuracy on examples that were not trained on."""
    from nntrain.core.intervals import wilson

    part, _, figure = name.partition(".")
    value, n = run.figures.get(name), run.figures.get(f"{part}.n")
    if figure != "accuracy" or part == "train" or value is None or not n or run.data.get("task") != "classification":
        return ""
    low, high = wilson(float(value), int(n))
    return f"  {low:.3f}–{high:.3f}"


def _facts(first: str, label: str, one: "Contrast", flip: "Flips | None") -> list[tuple[str, str]]:
    if one.same_bits:
        lines = [("same bits", f"{one.epochs} epochs, every figure and every weight")]
    elif one.parting is None:
        weights = "there are no weights to compare" if one.same_weights is None else "the weights at the end differ"
        lines = [("same", f"figures in all {one.epochs} epochs; {weights}")]
    else:
        lines = [("parts", _parting(one))]
    lines += [("machine", line) for line in one.environment]
    if flip is not None and not one.same_bits:
        right = f"{flip.only_first} right only in {first}, {flip.only_second} only in {label}"
        lines.append(("flipped", f"{flip.different} of {flip.n} test examples: {right}"))
        lines.append(("McNemar", f"p = {flip.p:.2g}" + (": not told apart by these examples" if flip.p > 0.05 else "")))
    return lines


def _parting(one: "Contrast") -> str:
    from nntrain.cli.output.figures import figure

    assert one.parting is not None
    parting, causes = one.parting, one.causes
    if parting.figure == "epochs":
        values = " and ".join(str(value) for value in parting.values)
        text = f"after epoch {parting.epoch - 1}, where one ends ({values} epochs)"
    else:
        here, there = (figure(value) if isinstance(value, float) else str(value) for value in parting.values)
        if here == there:
            here, there = _apart(*parting.values)
        text = f"in epoch {parting.epoch} ({parting.figure} {here}, {there})"
    if not causes:
        return f"{text}; nothing recorded is the cause"
    more = causes[1:SHOWN] + (["…"] if len(causes) > SHOWN else [])
    return f"{text}, by {causes[0]}" + (f" first; {', '.join(more)} come later" if more else "")


def _apart(here: object, there: object) -> tuple[str, str]:
    """Return two unequal values as texts, in no more digits than tell them apart."""
    for digits in range(6, 17):
        if isinstance(here, float) and isinstance(there, float) and f"{here:.{digits}g}" != f"{there:.{digits}g}":
            return f"{here:.{digits}g}", f"{there:.{digits}g}"
    return repr(here), repr(there)


def _print_json(
    first: "RunRecord",
    others: "Sequence[RunRecord]",
    contrasts: "Sequence[Contrast]",
    flipped: "Sequence[Flips | None]",
) -> None:
    from nntrain.cli.output.terminal import out_json

    def facts(other: "RunRecord", one: "Contrast", flip: "Flips | None") -> Mapping[str, Any]:
        parting = one.parting and {
            "epoch": one.parting.epoch,
            "figure": one.parting.figure,
            "values": list(one.parting.values),
            "causes": one.causes,
        }
        settings = {key: [first.spec.get(key), other.spec.get(key)] for key in one.keys}
        flips = flip and {
            "n": flip.n,
            "different": flip.different,
            "only_first": flip.only_first,
            "only_second": flip.only_second,
            "p": flip.p,
        }
        same = {"same_bits": one.same_bits, "same_data": one.same_data, "environment": list(one.environment)}
        return {"run": other.path, **same, "settings": settings, "parting": parting, "flips": flips}

    figures = [{"run": run.path, "status": run.status, "figures": dict(run.figures)} for run in (first, *others)]
    against = [facts(*three) for three in zip(others, contrasts, flipped, strict=True)]
    out_json({"runs": figures, "first": first.path, "against": against})
