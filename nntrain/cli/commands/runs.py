"""``nntrain runs``: a table of runs, what differs between them and how each ended; or the path of the best."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Json

if TYPE_CHECKING:
    from nntrain.comparison.run_record import RunRecord

MARKS = {"diverged": "!", "interrupted": "…", "running": "…"}


def runs(
    roots: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[best] [ROOT]...", help="Folders to look for runs in; runs by default. best: its path."
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="CONDITION", help="Only these: 'optimizer.lr < 0.1', status=done. Repeatable."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="[-]KEY", help="Sort by a key or figure; with - the largest first.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="FIGURE", help="What is best, such as validation.cost; never of the test part."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all keys that differ and all figures as CSV.")] = False,
    as_md: Annotated[bool, typer.Option("--md", help="Print the table as Markdown.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print the table for LaTeX, figures rounded.")] = False,
    as_json: Json = False,
) -> None:
    """Show runs: what differs, how each ended, and its figures.

    nntrain runs best prints the path of the best run: nntrain eval $(nntrain runs best --by validation.accuracy).
    """
    from nntrain.comparison.condition import Condition, check_name, choose
    from nntrain.comparison.run_record import find_runs
    from nntrain.comparison.run_table import best_run, main_figure, rises, sort_runs
    from nntrain.errors import SpecError

    if as_csv + as_md + as_latex + as_json > 1:
        raise SpecError("--csv, --md, --latex, --json: one of them at a time")
    places = list(roots or ())
    wants_best = places[:1] == [Path("best")]
    folders = places[1 if wants_best else 0 :] or [Path("runs")]
    every = find_runs(folders)
    found = choose(every, [Condition.parse(text) for text in where or ()])
    figure = by or main_figure(found)
    if by is not None:
        check_name(by, every, "--by")
    best = best_run(found, figure)
    if wants_best:
        _print_best(best, figure, folders)
        return
    key = sort.removeprefix("-") if sort else figure
    if sort:
        check_name(key, every, "--sort")
    ordered = sort_runs(found, key, falling=sort.startswith("-") if sort else rises(figure))
    if as_latex:
        _print_latex(ordered)
    elif as_csv or as_md or as_json:
        _print_data(ordered, csv=as_csv, markdown=as_md)
    else:
        _show(ordered, best, figure)


def _print_best(best: "RunRecord | None", figure: str, folders: Sequence[Path]) -> None:
    from nntrain.cli.output.terminal import out
    from nntrain.errors import CheckpointError

    if best is None:
        places = ", ".join(map(str, folders))
        raise CheckpointError(f"{places}: no finished run with {figure}; nntrain runs shows what there is")
    out(str(best.path))


def _print_data(found: "Sequence[RunRecord]", *, csv: bool, markdown: bool) -> None:
    from nntrain.artifacts.csv_text import csv_text
    from nntrain.cli.output.terminal import out, out_json
    from nntrain.comparison.run_table import as_object, differing_keys, full_table, spell

    header, rows = full_table(found)
    if csv:
        cells = [[value if isinstance(value, int | float) else spell(value) for value in row] for row in rows]
        out(csv_text(header, cells).removesuffix("\n"))
    elif markdown:
        texts = [[spell(value).replace("|", "\\|") for value in row] for row in rows]
        for line in (header, ["---"] * len(header), *texts):
            out(f"| {' | '.join(line)} |")
    else:
        keys = differing_keys(found)
        out_json({"runs": [as_object(run, keys) for run in found]})


def _print_latex(found: "Sequence[RunRecord]") -> None:
    """Print a tabular that needs no package: the keys that differ, how runs ended, and figures as in the terminal."""
    from nntrain.cli.output.figures import figure, setting
    from nntrain.cli.output.latex_table import latex_table
    from nntrain.cli.output.sweep_progress import short_names
    from nntrain.cli.output.terminal import out
    from nntrain.comparison.run_table import differing_keys, spell

    keys = differing_keys(found)
    names = short_names(keys)
    figures = list(dict.fromkeys(name for run in found for name in run.figures if not name.endswith(".n")))
    header = ["run", *(f">{names[key]}" for key in keys), "ended", *(f">{name.replace('.', ' ')}" for name in figures)]
    rows = [
        [run.name, *(setting(value := run.spec.get(key), spell(value)) for key in keys), run.status]
        + [figure(run.figures.get(name)) for name in figures]
        for run in found
    ]
    out(latex_table(header, rows))


def _show(found: "Sequence[RunRecord]", best: "RunRecord | None", figure: str) -> None:
    from nntrain.cli.output.figures import figure as digits
    from nntrain.cli.output.figures import setting
    from nntrain.cli.output.fitted_table import show_columns
    from nntrain.cli.output.sweep_progress import short_names
    from nntrain.cli.output.terminal import DIM, apply_style, out
    from nntrain.comparison.run_table import differing_keys, spell

    if not found:
        out("no runs")
        return
    keys = differing_keys(found)
    names = short_names(keys)
    test = f"test.{figure.partition('.')[2]}"
    shown = [figure, *([test] if any(test in run.figures for run in found) and test != figure else [])]
    rows = []
    for run in found:
        mark = "★" if run is best else MARKS.get(run.status, "")
        values = [setting(value := run.spec.get(key), spell(value)) for key in keys]
        rows.append([mark, run.name, *(digits(run.figures.get(name)) for name in shown), run.status, *values])
    header = ["", "run", *(f">{name}" for name in shown), "ended", *(f">{names[key]}" for key in keys)]
    show_columns(header, rows, bold=next((i for i, run in enumerate(found) if run is best), None))
    text = f"{len(found)} runs; a key without a column is the same in all runs that have it"
    out(apply_style(text if len(found) > 1 else "1 run", DIM, sys.stdout))
    if best is not None and len(found) > 1:
        out(apply_style(f"★ best by {figure}", DIM, sys.stdout))
