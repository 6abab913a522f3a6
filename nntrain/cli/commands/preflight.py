"""``nntrain preflight``: what can be said of a spec before it is trained."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Config, Json, Overrides

if TYPE_CHECKING:
    from nntrain.diagnosis.preflight import Preflight


def preflight(
    config: Config,
    overrides: Overrides = None,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", min=0.5, help="Time for it all, about.")] = 5.0,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 11 if a check fails.")] = False,
    as_json: Json = False,
) -> None:
    """Check a spec in seconds, before it is trained.

    The first cost against theory, inputs that are all 0, one batch learned by heart, gradients and units at the start,
    scales, leaks between parts, a range test of learning rates, and how long it will take. Nothing is written.
    """
    from nntrain.cli.interrupts import end_in_order
    from nntrain.cli.output.terminal import out_json
    from nntrain.diagnosis.preflight import preflight as look
    from nntrain.errors import FindingError
    from nntrain.spec import load

    end_in_order()
    found = look(load(config, overrides or ()), seconds=seconds)
    if as_json:
        out_json(found.as_dict())
    else:
        _show(found, str(config), overrides or [])
    if strict and found.failed:
        names = ", ".join(check.name for check in found.failed)
        raise FindingError(f"{config}: does not pass: {names}, as said above")


def _show(found: "Preflight", config: str, overrides: list[str]) -> None:
    import shlex

    from nntrain.cli.output.terminal import BOLD, DIM, apply_style, facts, out, plain
    from nntrain.runs.run_title import describe_spec

    trainee = found.prospect.trainee
    details = describe_spec(trainee.assembly.spec, trainee.assembly.network.sizes)
    facts([("spec", f"{trainee.loaded.spec.name}: {', '.join(details)}")])
    out()
    styles = {"pass": DIM, "warn": BOLD, "fail": BOLD}
    words = {"pass": "pass", "warn": "WARN", "fail": "FAIL"}
    column = max(len(check.name) for check in found.checks)
    for check in found.checks:
        word = apply_style(words[check.status], styles[check.status], sys.stdout)
        out(f" {word}  {check.name:<{column}}  {plain(check.found)}")
    out()
    settings = [f"--set {shlex.quote(item)}" for given in (overrides, found.overrides) for item in given]
    label, command = ("try", "preflight") if found.overrides else ("next", "fit")
    facts([(label, " ".join(["nntrain", command, shlex.quote(config), *settings]))])
