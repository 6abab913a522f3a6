"""A run while it trains: its header, its progress and its result on the screen, whether it begins or goes on."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from nntrain.cli.interrupts import catch_signals
from nntrain.cli.output.header import show_header
from nntrain.cli.output.outcome import show_outcome
from nntrain.cli.output.progress import Progress
from nntrain.cli.output.terminal import note, notes, out_json

if TYPE_CHECKING:
    from nntrain.runs import Done, Run


def show_training(opened: "AbstractContextManager[Run | Done]", *, as_json: bool, quiet: bool) -> None:
    """Train a run to its end and show it on the way; of a run that is done already only the result is shown."""
    from nntrain.runs import Run
    from nntrain.runs.baselines import warn_at_chance

    talks = not (quiet or as_json)
    interrupts = catch_signals()  # to the end of the process: what has come by then is not lost for a signal
    with opened as run:
        notes(run.notes)
        if isinstance(run, Run):
            if talks:
                show_header(run)
            with Progress(run, wanted=talks) as progress:
                for record in run.events(interrupts):
                    progress.show(record)
            progress.footnote()
            notes(run.late_notes)
        elif talks:
            note(f"{run.directory.path}: done already, nothing to train")
    if as_json:
        out_json({"run": run.directory.path, **run.summary})
    else:
        show_outcome(run.summary, run.directory.path)
    notes(warn_at_chance(run.summary, run.directory.read_metrics()))
