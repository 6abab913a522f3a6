"""``nntrain sweep``: many runs as one, from a sweep file or from a spec and what varies in it."""

import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Overrides, Quiet

if TYPE_CHECKING:
    from nntrain.errors import UserError
    from nntrain.sweeps.coordinator import Coordinator
    from nntrain.sweeps.folder import SweepFolder
    from nntrain.sweeps.points import Plan
    from nntrain.sweeps.request import Options, Request
    from nntrain.sweeps.search import Search
    from nntrain.sweeps.standings import Standing
    from nntrain.train.records import Interrupted


def sweep(
    source: Annotated[Path, typer.Argument(metavar="SWEEP|CONFIG", help="A sweep file, or a spec with --over.")],
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="KEY=VALUES",
            help="A key that varies: optimizer.lr='log(1e-3, 1, 7)', 'model.hidden=[[32],[64,32]]'. Repeatable.",
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", help="Train each setting with the seeds 0 … N−1; the mean counts.")
    ] = None,
    random: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Draw N settings at random instead of the whole grid.")
    ] = None,
    halving: Annotated[
        str | None,
        typer.Option(
            metavar="EPOCHS", help="Pause all runs at these epochs, as 5,15; the best third goes on each time."
        ),
    ] = None,
    tpe: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Propose N settings from the results of those before (needs Optuna)."),
    ] = None,
    rank: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="What counts, such as validation.cost; never of the test part.")
    ] = None,
    overrides: Overrides = None,
    confirm: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=2, help="Then train the best setting with N fresh seeds, for a score to rely on."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="Runs at once; one a core by default.")
    ] = None,
    slurm: Annotated[bool, typer.Option("--slurm", help="Train as Slurm arrays, at most -j tasks at once.")] = False,
    dask: Annotated[
        str | None, typer.Option("--dask", metavar="ADDRESS", help="Train by the workers of a Dask scheduler.")
    ] = None,
    mpi: Annotated[
        bool, typer.Option("--mpi", help="Train by the other ranks of MPI: mpiexec -n 5 nntrain sweep … --mpi.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder of the sweep; runs/NAME-sweep by default.")
    ] = None,
    plots: Annotated[
        bool, typer.Option("--plots/--no-plots", help="Draw the score against each key, and all curves, at the end.")
    ] = True,
    commands: Annotated[
        bool, typer.Option("--commands", help="Train nothing; print a command for each run that is to do.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a JSON object on a line.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train a grid of settings and say which is best.

    The whole plan is checked before the first run starts. The same command again goes on; a larger grid trains only
    what is new. Exit 0: every run is done or diverged; 10: some failed; 75: interrupted.
    """
    from nntrain.core.machine import processors
    from nntrain.errors import SpecError
    from nntrain.sweeps.executor import Executor, LocalExecutor
    from nntrain.sweeps.folder import SweepFolder
    from nntrain.sweeps.places import Place, remote_executor
    from nntrain.sweeps.request import Options

    if commands and confirm is not None:
        raise SpecError("--confirm: is for a sweep that trains here, not for --commands")
    place = Place(slurm, dask, mpi)
    place.check()
    with ExitStack() as held:
        executor: Executor | None = None
        if place.is_here:
            executor = local = held.enter_context(LocalExecutor(jobs or processors()))
            if not commands:
                local.warm_up()  # it loads while the plan is made
        options = Options(seeds=seeds, random=random, rank=rank, halving=halving, tpe=tpe)
        request = _request(source, over or (), options)
        if commands and request.method in ("halving", "tpe"):
            raise SpecError(
                f"--commands: with {request.method} later runs depend on results; leave it out, to train here"
            )
        folder = SweepFolder(out or Path("runs") / f"{request.name}-sweep")
        if executor is None:
            executor = held.enter_context(remote_executor(place, folder.path, jobs))
        if executor is None:
            return  # a rank of MPI that has trained for another one
        search = _search(request, overrides or ())
        with folder.lock():
            folder.write("sweep.yaml", request.text)
            if commands:
                _print_commands(search.plan, folder)
            else:
                from nntrain.sweeps.coordinator import Coordinator

                show = Show(as_json=as_json, quiet=quiet, draws=plots)
                _train(Coordinator(search, folder, executor, sys.argv), confirm, show)


def _request(source: Path, over: "list[str] | tuple[()]", options: "Options") -> "Request":
    from nntrain.errors import SpecError
    from nntrain.sweeps.request import request_of_options
    from nntrain.sweeps.sweep_file import is_sweep, read_request

    if not is_sweep(source):
        return request_of_options(source, over, options)
    given = {"over": over, **asdict(options)}
    wrong = [f"--{name}" for name, value in given.items() if value]
    if wrong:
        raise SpecError(f"{wrong[0]}: is for a spec; {source} is a sweep file, which says it itself")
    return read_request(source)


def _search(request: "Request", overrides: "list[str] | tuple[()]") -> "Search":
    from nntrain.sweeps.methods import search_of

    return search_of(request, overrides)


@dataclass(frozen=True, slots=True)
class Show:
    """What is shown of a sweep."""

    as_json: bool
    quiet: bool
    draws: bool


def _train(coordinator: "Coordinator", confirm: int | None, show: Show) -> None:
    """Train all that is to do, write the tables whatever happened, draw, and show the best."""
    from nntrain.cli.interrupts import catch_signals
    from nntrain.cli.output.sweep_result import show_result
    from nntrain.cli.output.terminal import out_json
    from nntrain.sweeps.result_files import CONFIRMATION, confirmation_file, result_files
    from nntrain.sweeps.standings import standings

    folder = coordinator.folder
    interrupts = catch_signals()
    stopped = _follow(coordinator, interrupts, show)
    plan = coordinator.plan
    found = standings(plan, coordinator.outcomes)
    files = result_files(plan, coordinator.outcomes, found)
    fresh = None
    if confirm is not None and stopped is None and found[0].score.n:
        again = coordinator.confirmation(found[0].setting, confirm)
        stopped = _follow(again, interrupts, show)
        (fresh,) = standings(again.plan, again.outcomes)
        files[CONFIRMATION] = confirmation_file(again.plan, again.outcomes)
    changed = [name for name, text in files.items() if not folder.has(name, text)]
    for name, text in files.items():
        folder.write(name, text)
    pictures = _draw(coordinator, found, anew=bool(changed)) if show.draws and stopped is None else []
    names = [*files, *pictures]
    if show.as_json:
        best = found[0] if found[0].score.n else None
        facts = best and {"setting": best.number, "values": best.setting.values, plan.rank: best.score.mean}
        confirmed = fresh and {"n": fresh.score.n, plan.rank: fresh.score.mean, "half": fresh.score.half}
        out_json({"event": "end", "best": facts, "confirmed": confirmed, "files": names})
    else:
        show_result(plan, found, coordinator.outcomes, folder.path, names, fresh)
    if stopped is not None:
        raise stopped


def _draw(coordinator: "Coordinator", found: "list[Standing]", *, anew: bool) -> list[str]:
    """Draw what has changed or is missing; return the names of all pictures."""
    from nntrain.drawing.style import render
    from nntrain.sweeps.sweep_pictures import pictures_of

    folder = coordinator.folder
    pictures = pictures_of(coordinator.plan, coordinator.outcomes, found, folder)
    for name, draw in pictures.items():
        if anew or not (folder.path / name).exists():
            folder.write_picture(name, render(draw)["png"])
    return list(pictures)


def _follow(coordinator: "Coordinator", interrupts: "Interrupted", show: Show) -> "UserError | None":
    """Train the points of one plan and show how it goes; return why it did not come to its end, if it did not."""
    from nntrain.cli.output.sweep_progress import SweepProgress
    from nntrain.errors import FailedRunsError, InterruptedRun

    progress = SweepProgress(coordinator, as_json=show.as_json, quiet=show.quiet)
    progress.begin()
    try:
        for event in coordinator.events(interrupts):
            progress.show(event)
    except InterruptedRun as error:
        return error
    finally:
        progress.close()
    if not progress.failed:
        return None
    failed, total = len(progress.failed), len(coordinator.outcomes)
    where = coordinator.folder.path / "messages"
    return FailedRunsError(f"{failed} of {total} runs failed; see {where}; the same command tries again")


def _print_commands(plan: "Plan", folder: "SweepFolder") -> None:
    """Print a line for each run that is not finished, with a spec of its own: any scheduler can start it."""
    import shlex

    from nntrain.cli.output.terminal import out
    from nntrain.spec import dump

    for point in plan.points:
        if not folder.outcome(point.id).is_final:
            spec = folder.write_spec(point.id, dump(point.resolved))
            out(shlex.join(["nntrain", "fit", str(spec), "--run-dir", str(folder.run(point.id)), "--no-plots", "-q"]))
