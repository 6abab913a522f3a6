"""A run while it trains: its header, its progress and its result on the screen, whether it begins or goes on."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from nntrain.cli.interrupts import Interrupts, catch_signals
from nntrain.cli.output.header import show_header
from nntrain.cli.output.outcome import show_outcome
from nntrain.cli.output.progress import Progress
from nntrain.cli.output.terminal import note, notes, out_json

if TYPE_CHECKING:
    from nntrain.runs import Done, Run
    from nntrain.runs.mpi_ranks import Leader
    from nntrain.spec import Loaded


def show_training(
    loaded: "Loaded",
    opened: "AbstractContextManager[Run | Done]",
    *,
    as_json: bool,
    quiet: bool,
    report: bool = False,
) -> None:
    """Train a run to its end and show it on the way; of a run that is done already only the result is shown.

    With ``report`` its report is written at the very end, also if it diverges. Where ranks of MPI share the run, the
    first has it; the others help, and show nothing.
    """
    from nntrain.errors import DivergenceError
    from nntrain.runs.mpi_ranks import Helper, each_alone, join_ranks

    ranks = join_ranks(loaded)
    interrupts = catch_signals(aloud=not isinstance(ranks, Helper))  # to the end: what has come by then is not lost
    if isinstance(ranks, Helper):
        ranks.serve(interrupts)
        return
    notes(each_alone(loaded))
    if report:
        from nntrain.drawing.page import need_jinja

        need_jinja()  # told before the training rather than after it
    with ranks or nullcontext(), opened as run:
        notes(run.notes)
        try:
            _train(run, ranks, interrupts, talks=not (quiet or as_json))
        except DivergenceError:
            if report:
                _report(run)
            raise
        _show_result(run, as_json=as_json)
        if report:
            _report(run)


def _train(run: "Run | Done", ranks: "Leader | None", interrupts: Interrupts, *, talks: bool) -> None:
    from nntrain.runs import Run

    if isinstance(run, Run):
        notes(ranks.lead(run) if ranks else ())
        if talks:
            show_header(run)
        with Progress(run, wanted=talks) as progress:
            for record in run.events(ranks.listen(interrupts) if ranks else interrupts):
                progress.show(record)
        progress.footnote()
        notes(run.late_notes)
    elif talks:
        note(f"{run.directory.path}: done already, nothing to train")


def _show_result(run: "Run | Done", *, as_json: bool) -> None:
    from nntrain.runs.remarks import remarks

    if as_json:
        out_json({"run": run.directory.path, **run.summary})
    else:
        show_outcome(run.summary, run.directory.path)
    notes(remarks(run.summary, run.directory.read_metrics()))


def _report(run: "Run | Done") -> None:
    """Write the report, and say where it is; that of a run that was done already stays."""
    from nntrain.artifacts.rundir import REPORT

    path = run.directory.path / REPORT
    if not run.is_done or not path.exists():
        from nntrain.report import write_report

        notes(write_report(run.directory))
    if path.exists():
        note(f"{path}: all about this run")
