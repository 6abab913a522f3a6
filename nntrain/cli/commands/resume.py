"""``nntrain resume``: go on with a run from where it stands, or train it for longer."""

import sys
from typing import Annotated

import typer

from nntrain.cli.arguments import Json, Overrides, Plots, Quiet, RunFolder


def resume(
    run: RunFolder,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Train for N epochs in all, not for as many as planned.")
    ] = None,
    overrides: Overrides = None,
    plots: Plots = True,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run, bit for bit as if it had not stopped.

    The spec is the run's own. A finished run is left alone, unless --epochs asks for more. With --set only what says
    how long to train and what to keep can change: train.epochs, train.max_steps, most of train.stop, checkpoint and
    runtime.
    """
    from nntrain.cli.output.training_view import show_training
    from nntrain.runs import open_run, spec_of_run

    changes = [*(overrides or ()), *([f"train.epochs={epochs}"] if epochs is not None else [])]
    opened = open_run(spec_of_run(run, changes), runs=run.parent, run_dir=run, argv=sys.argv, draw=plots, as_begun=True)
    show_training(opened, as_json=as_json, quiet=quiet)
