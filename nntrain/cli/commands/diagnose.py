"""``nntrain diagnose``: what is wrong with a run, the experiment that shows it, and the command that mends it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Json, check_runs

if TYPE_CHECKING:
    from nntrain.diagnosis import Diagnosis

ACROSS = 6  # rates in a line


def diagnose(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories.", callback=check_runs)],
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", min=1.0, help="Time for the replays of a run, about.")
    ] = 120.0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 11 if a run has a serious fault, such as a rate too high.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong with a run, and how to mend it.

    The run is trained again in memory, on the same batches, at other rates and from other starts, for as many epochs
    or as the time allows; nothing is written. A verdict is given only if the experiment that could refute it did not.
    """
    from nntrain.cli.interrupts import end_in_order
    from nntrain.cli.output.terminal import note, out_json
    from nntrain.diagnosis import diagnose as examine
    from nntrain.errors import FindingError

    end_in_order()
    found: list[Diagnosis] = []
    for path in runs:
        found.append(examine(path, seconds=seconds))
        if not as_json and len(runs) == 1:
            _show(found[0])
    if as_json:
        told = [one.as_dict() for one in found]
        out_json(told[0] if len(told) == 1 else {"runs": told})
    elif len(runs) > 1:
        _show_table(found)
    for one in found:
        if not one.examined.replays.long_enough:
            epochs = f"{one.examined.replays.epochs} of {one.examined.replays.planned} epochs"
            note(f"{one.path}: only {epochs} were trained again for each rate; --seconds gives more time")
    serious = [str(one.path) for one in found if one.is_serious]
    if strict and serious:
        raise FindingError(f"{', '.join(serious)}: has a serious fault, as said above")


def _show(one: "Diagnosis") -> None:
    from nntrain.cli.output.terminal import BOLD, apply_style, facts, out

    name = one.verdict.replace("_", " ")
    facts([("run", _heading(one))])
    out()
    out(f" {apply_style(f'{name.upper()}:', BOLD, sys.stdout)} {one.reason}")
    out()
    lines = list(one.evidence)
    replays, rate = one.examined.replays, one.run.rate
    rates = sorted(replays.rates.items())
    lines.append(("replay", f"{replays.epochs} epochs from the start, on the same batches"))
    for at in range(0, len(rates), ACROSS):
        row = rates[at : at + ACROSS]
        lines.append(("  rate", "".join(f"{factor * rate:>10.3g}" for factor, _ in row)))
        lines.append(("  cost", "".join(f"{_cost(cost):>10}" for _, cost in row)))
    lines.append(("tried", one.findings[0].experiment))
    if one.others:
        lines.append(("besides", ", ".join(kind.replace("_", " ") for kind in one.others)))
    if one.command:
        lines.append(("settle it" if one.verdict == "not_sure" else "mend it", one.command))
    facts(lines)


def _heading(one: "Diagnosis") -> str:
    from nntrain.artifacts.rundir import RunDir
    from nntrain.runs.run_title import heading_of_run

    heading = heading_of_run(RunDir(one.path))
    return f"{heading.name}: {', '.join(heading.details)}"


def _cost(cost: float) -> str:
    return "diverged" if cost == float("inf") else f"{cost:.4g}"


def _show_table(found: "list[Diagnosis]") -> None:
    from nntrain.cli.output.terminal import show, table

    rows = table("run", "verdict", "settings that mend it")
    for one in found:
        mend = " ".join(one.overrides) if one.verdict != "not_sure" else ""
        rows.add_row(one.path.name, one.verdict.replace("_", " "), mend or "–")
    show(rows)
