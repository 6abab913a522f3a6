"""``nntrain fit``: train, or go on training."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import Config, Json, Overrides, Plots, Quiet, Report, check_run
from nntrain.cli.given_path import need_weights


def fit(
    config: Config,
    overrides: Overrides = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run directory: new, or one to go on with; a finished run is left alone."),
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="ROOT", help="Where to make a new run directory.")] = Path("runs"),
    init_from: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN|CHECKPOINT|ARRAYS",
            help="Begin with these weights: a run's best, a checkpoint's, or arrays of an npz or safetensors file.",
            callback=check_run(need_weights),
        ),
    ] = None,
    plots: Plots = True,
    report: Report = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model; write curves, metrics and checkpoints.

    Ctrl-C, SIGTERM, SIGHUP, SIGUSR1 and SIGXCPU save a checkpoint and stop (exit 75); nntrain resume goes on.
    """
    from nntrain.cli.output.training_view import show_training
    from nntrain.runs import open_run
    from nntrain.spec import load

    loaded = load(config, overrides or ())
    run = open_run(loaded, runs=runs, run_dir=run_dir, argv=sys.argv, draw=plots, init_from=init_from)
    show_training(loaded, run, as_json=as_json, quiet=quiet, report=report)
