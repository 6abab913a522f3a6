"""``nntrain resume``: go on with a run from where it stands, or train it for longer."""

import sys
from typing import Annotated

import typer

from nntrain.cli.arguments import Json, Overrides, Plots, Quiet, Report, RunFolder


def resume(
    run: RunFolder,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Train for N epochs in all, instead of the planned number.")
    ] = None,
    overrides: Overrides = None,
    plots: Plots = True,
    report: Report = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run, bit for bit as if it had not stopped.

    The spec is the run's own. A finished run stays as it is unless --epochs asks for more. --set can change only how
    long to train and what to keep: train.epochs, train.max_steps, most of train.stop, checkpoint and runtime.
    """
    from nntrain.cli.output.training_view import show_training
    from nntrain.runs import open_run, spec_of_run

    changes = [*(overrides or ()), *([f"train.epochs={epochs}"] if epochs is not None else [])]
    loaded = spec_of_run(run, changes)
    opened = open_run(loaded, runs=run.parent, run_dir=run, argv=sys.argv, draw=plots, as_begun=True)
    show_training(loaded, opened, as_json=as_json, quiet=quiet, report=report)
