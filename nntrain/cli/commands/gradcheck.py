"""``nntrain gradcheck``: does the analytic gradient agree with the numerical one?"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Json, Overrides, check_run
from nntrain.cli.given_path import is_spec, need_spec_or_model

if TYPE_CHECKING:
    from nntrain.gradcheck import Subject
    from nntrain.gradcheck.numeric import Options


def gradcheck(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG|RUN|CHECKPOINT]",
            help="What to check; without it, every registered part.",
            callback=check_run(need_spec_or_model),
        ),
    ] = None,
    overrides: Overrides = None,
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="N", min=1, help="How many examples; 8 by default.")
    ] = None,
    after: Annotated[
        int | None, typer.Option("--after", metavar="EPOCHS", min=0, help="Train a spec for this many epochs first.")
    ] = None,
    params: Annotated[
        str | None, typer.Option("--params", metavar="all|N", help="Entries of each tensor to check; 32 by default.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="METHOD", help="central differences (default), complex steps, or both."),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="PATTERN", help="These tensors alone: layers.0.*, 'hidden.*.W'.")
    ] = None,
    inject: Annotated[
        str | None, typer.Option("--inject", metavar="BUG", help="Break backpropagation on purpose, to see what shows.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare the analytic gradient with the numerical one.

    In float64; exit 8 if they disagree. With a spec or a checkpoint: each tensor of its network on a few rows of its
    data. Without: every registered part by itself, and every model with every loss, on random numbers.
    """
    from nntrain.cli.output.terminal import note
    from nntrain.errors import SpecError

    given = {
        "--set": overrides,
        "--batch": batch,
        "--after": after,
        "--params": params,
        "--method": method,
        "--only": only,
        "--inject": inject,
    }
    if source is None:
        for name in (name for name, value in given.items() if value):
            raise SpecError(f"{name}: there is nothing to apply it to; name a spec or a checkpoint")
        _check_parts(as_json)
        return
    options = _options(params, method)
    subject = _subject(source, overrides or [], 8 if batch is None else batch, after)
    for line in subject.notes:
        note(line)
    if inject is not None:
        subject = _inject(subject, inject)
    _check_network(subject, options, only, as_json)


def _subject(source: Path, overrides: list[str], batch: int, after: int | None) -> "Subject":
    from nntrain.errors import SpecError
    from nntrain.gradcheck import of_checkpoint, of_spec
    from nntrain.spec import load

    if is_spec(source):
        return of_spec(load(source, overrides), batch=batch, after=after or 0)
    if after is not None:
        raise SpecError("--after: a checkpoint is trained already; only a spec can be trained before it is checked")
    return of_checkpoint(source, overrides, batch=batch)


def _options(params: str | None, method: str | None) -> "Options":
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.gradcheck.numeric import METHODS, Options

    probes: int | None = 32
    if params is not None:
        probes = None if params == "all" else int(params) if params.isascii() and params.isdecimal() else 0
        if probes == 0:
            raise SpecError(f"--params: must be 'all' or a number of entries, got '{params}'")
    for known in METHODS:
        if known == (method or "central"):
            return Options(probes=probes, directions=2, method=known)
    raise SpecError(f"--method: no such method, got '{method}'{did_you_mean(method or '', METHODS)}")


def _inject(subject: "Subject", kind: str) -> "Subject":
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.gradcheck import BUGS, with_bug

    if kind not in BUGS:
        raise SpecError(f"--inject: no such bug, got '{kind}'{did_you_mean(kind, BUGS)}")
    return with_bug(subject, kind)


def _name_filter(subject: "Subject", pattern: str | None) -> Callable[[str], bool]:
    """Return which tensors a pattern names, by their names or by their roles."""
    from fnmatch import fnmatchcase

    from nntrain.errors import SpecError
    from nntrain.gradcheck import names

    known = names(subject)
    chosen = {name for name in known if pattern is None or any(fnmatchcase(x, pattern) for x in (name, known[name]))}
    if not chosen:
        both = (f"{name} ({role})" if role != name else name for name, role in known.items())
        raise SpecError(f"--only: nothing is called '{pattern}'; there are {', '.join(both)}")
    return chosen.__contains__


def _check_network(subject: "Subject", options: "Options", only: str | None, as_json: bool) -> None:
    from nntrain.cli.output import gradient_tables as tables
    from nntrain.cli.output.terminal import note, out_json
    from nntrain.errors import GradientError
    from nntrain.gradcheck import check_network

    found = check_network(subject, options, wanted=_name_filter(subject, only))
    if as_json:
        out_json(tables.network_json(subject, found))
    else:
        tables.show_network(subject, found, options)
    wrong = [check for check in found.tensors if not check.report.agrees]
    if wrong:
        first = found.findings[0]
        raise GradientError(f"{len(wrong)} of {len(found.tensors)} disagree; first {first.where}: {first.cause}")
    if subject.bug is not None:
        note(
            "the bug is planted, but no entry that was checked shows it: it is lost in rounding, or in other entries; "
            "try --method both, --after 1 or --params all"
        )
    if not found.decided:
        raise GradientError("nothing could be compared: every entry lies next to a kink")


def _check_parts(as_json: bool) -> None:
    from nntrain.cli.output import gradient_tables as tables
    from nntrain.cli.output.terminal import out_json
    from nntrain.errors import GradientError
    from nntrain.gradcheck import check_parts

    found = list(check_parts())
    if as_json:
        out_json(tables.parts_json(found))
    else:
        tables.show_parts(found)
    wrong = [part for part in found if not part.agrees]
    if wrong:
        worst = max((report for part in wrong for report in part.reports), key=lambda report: report.max_error)
        names = ", ".join(f"{part.group} {part.name}" for part in wrong[:3]) + (", …" if len(wrong) > 3 else "")
        raise GradientError(f"{len(wrong)} of {len(found)} parts disagree, {names}: {worst}")
