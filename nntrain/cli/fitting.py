"""``nntrain fit``: train, or go on training."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import Config, Json, Overrides


def fit(
    config: Config,
    overrides: Overrides = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run directory: new, or one to go on with; a finished run is left alone."),
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="ROOT", help="Where to make a new run directory.")] = Path("runs"),
    plots: Annotated[
        bool, typer.Option("--plots/--no-plots", help="Draw curves.png and curves.svg at the end.")
    ] = True,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No header and no progress, only the result.")] = False,
) -> None:
    """Train a model; write curves, metrics and checkpoints.

    Ctrl-C, SIGTERM and SIGUSR1 save a checkpoint and stop (exit 75); the same command with --run-dir goes on.
    """
    from nntrain.cli.header import show_header
    from nntrain.cli.interrupts import watched
    from nntrain.cli.outcome import show_outcome
    from nntrain.cli.progress import Progress
    from nntrain.cli.terminal import note, out_json
    from nntrain.experiment import Run, opened
    from nntrain.spec import load

    loaded = load(config, overrides or ())
    talks = not (quiet or as_json)
    with watched() as interrupts, opened(loaded, runs=runs, run_dir=run_dir, argv=sys.argv, draw=plots) as run:
        for line in run.notes:
            note(line)
        if isinstance(run, Run):
            if talks:
                show_header(run)
            with Progress(run, wanted=talks) as progress:
                for record in run.events(interrupts):
                    progress.show(record)
            progress.footnote()
        elif talks:
            note(f"{run.directory.path}: done already, nothing to train")
    if as_json:
        out_json({"run": run.directory.path, **run.summary})
    else:
        show_outcome(run.summary, run.directory.path)
