"""``nntrain export``: a trained model for another program, or the records of runs for a tracker."""

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import check_runs

SECONDS = 2  # between looks at a run that goes on


def export(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN|CHECKPOINT", help="A run or a checkpoint; runs to a tracker.", callback=check_runs),
    ],
    to: Annotated[
        str,
        typer.Option("--to", metavar="TARGET", help="numpy, onnx, torch, safetensors, csv, tensorboard or mlflow."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE|DIR", help="Where to; by default the spec's name."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="To a tracker: go on while the runs go on.")] = False,
) -> None:
    """Write a model for another program, or runs to a tracker.

    Encoder, scaler and output unit are part of a model: raw rows go in, class names and probabilities come out. 200
    rows go through both programs before anything is written; if they disagree, nothing is. numpy and torch are one
    readable Python file with an npz archive beside it, csv is one table of all numbers. tensorboard and mlflow get the
    figures of every epoch.
    """
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.export.export_targets import TARGETS
    from nntrain.export.trackers import TRACKERS

    if to in TRACKERS:
        _track(runs, to, output or Path(TRACKERS[to].default), follow=follow)
        return
    if to not in TARGETS:
        raise SpecError(f"--to: no such target, got '{to}'{did_you_mean(to, [*TARGETS, *TRACKERS])}")
    if follow or len(runs) > 1:
        what = "--follow" if follow else f"{len(runs)} runs"
        raise SpecError(f"--to {to}: writes one model; {what} can go to {' or '.join(TRACKERS)}")
    _write(runs[0], to, output, force=force)


def _track(runs: list[Path], to: str, folder: Path, *, follow: bool) -> None:
    from time import sleep

    from nntrain.cli.interrupts import end_in_order
    from nntrain.cli.output.terminal import out, plain
    from nntrain.export.trackers import track

    end_in_order()
    for line in track(runs, to, folder, (lambda: sleep(SECONDS)) if follow else None):
        out(plain(f"{line} written to {folder}"))


def _write(run: Path, to: str, output: Path | None, *, force: bool) -> None:
    from nntrain.cli.given_path import need_model
    from nntrain.cli.output.terminal import notes, out, plain
    from nntrain.errors import SpecError
    from nntrain.export.export_targets import TARGETS, files_beside
    from nntrain.export.export_targets import export as write
    from nntrain.runs import open_model
    from nntrain.runs.decision_file import unused_decision

    need_model(run)
    ending = TARGETS[to].ending
    trained = open_model(run)
    notes([*trained.notes, *unused_decision(trained.path)])
    name = trained.assembly.spec.name
    path = output or Path(f"{name.replace('-', '_') if ending == '.py' else name}{ending}")
    if path.suffix != ending:
        raise SpecError(f"{path}: a file for {to} ends in {ending}, got '{path.suffix}'")
    for file in files_beside(to, path):
        if not force and (file.exists() or file.is_symlink()):
            raise SpecError(f"{file}: exists already; name another file with -o, or replace it with --force")
    done = write(trained, to, path)
    files = " and ".join(plain(str(file)) for file in done.files)
    out(f"{files}: written; {done.runtime} says the same of 200 rows, within {done.difference:.1e}")
