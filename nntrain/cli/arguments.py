"""Arguments and options that several commands share; a path that is not what a command takes is refused here."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from nntrain.cli.given_path import need_model, need_run, need_spec, need_spec_or_model
from nntrain.cli.run_name import run_named


def check_path(need: Callable[[Path], None]) -> Callable[[typer.Context, Path | None], Path | None]:
    """Return a callback for typer that raises for a path that is not what ``need`` asks for."""

    def check(context: typer.Context, path: Path | None) -> Path | None:
        if path is not None and not context.resilient_parsing:
            need(path)
        return path

    return check


def check_run(need: Callable[[Path], None]) -> Callable[[typer.Context, Path | None], Path | None]:
    """Return the like for what may be a run, which can be named: ``latest``, or how its name or id begins."""

    def check(context: typer.Context, path: Path | None) -> Path | None:
        if path is None or context.resilient_parsing:
            return path
        found = run_named(path)
        need(found)
        return found

    return check


def check_runs(context: typer.Context, paths: list[Path]) -> list[Path]:
    """Return the runs that paths or names mean."""
    return paths if context.resilient_parsing else [run_named(path) for path in paths]


Config: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="CONFIG", help="The spec, a YAML file; - is stdin.", callback=check_path(need_spec)),
]
Model: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|CHECKPOINT",
        help="A run directory (its best checkpoint) or a checkpoint file.",
        callback=check_run(need_model),
    ),
]
RunFolder: TypeAlias = Annotated[
    Path, typer.Argument(metavar="RUN", help="The run directory.", callback=check_run(need_run))
]
SpecOrModel: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG|RUN|CHECKPOINT",
        help="A spec, a run or a checkpoint.",
        callback=check_run(need_spec_or_model),
    ),
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace one value of the spec: optimizer.lr=0.1. Repeatable."),
]
Plots: TypeAlias = Annotated[
    bool, typer.Option("--plots/--no-plots", help="Draw curves.png and curves.svg at the end.")
]
Report: TypeAlias = Annotated[bool, typer.Option("--report", help="Write report.html at the end, as nntrain report.")]
Guard: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--guard-formulas", help="In CSV files, put ' in front of text that a spreadsheet would run (= + - @)."
    ),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No header and no progress, only the result.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
