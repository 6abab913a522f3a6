"""``nntrain report``: all that can be said of a run, on one page."""

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import RunFolder


def report(
    run: RunFolder,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="An .html file; by default NAME-report.html, a new file."),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", min=0.0, help="Time for the verdict's replays; 0: no verdict.")
    ] = 20.0,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it is there.")] = False,
) -> None:
    """Write all about a run on one HTML page.

    Result with intervals and baselines, curves, units, errors, calibration, verdict, settings, and how to repeat it.
    The file loads nothing from elsewhere. A run may be in any state; it is only read. Needs the extra "report".
    """
    from nntrain.artifacts import durable
    from nntrain.cli.interrupts import end_in_order
    from nntrain.cli.output.terminal import notes, out, plain
    from nntrain.drawing.page import need_jinja
    from nntrain.errors import SpecError
    from nntrain.report import make_report

    end_in_order()
    need_jinja()
    target = output if output is not None else Path(f"{run.resolve().name}-report.html")
    if target.suffix.lower() not in (".html", ".htm"):
        raise SpecError(f"{target}: the ending says the format: .html, got '{target.suffix}'")
    if not force and (target.exists() or target.is_symlink()):
        raise SpecError(f"{target}: exists already; name another file with -o, or replace it with --force")
    page, told = make_report(run, seconds=seconds)
    notes(told)
    durable.write_bytes(target, page.encode("utf-8", "backslashreplace"))
    out(f"{plain(str(target))}: written")
