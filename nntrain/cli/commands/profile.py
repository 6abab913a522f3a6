"""``nntrain profile``: where the time of a training step goes."""

from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Config, Json, Overrides

if TYPE_CHECKING:
    from nntrain.inspection.step_profile import Profile

BUSY = (
    "the machine is busy: the step had a processor for {:.0%} of its time, so its time and the shares are not its own; "
    "measure again when nothing else runs"
)


def profile(
    config: Config,
    overrides: Overrides = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=60.0, metavar="S", help="About how long to measure.")] = 3.0,
    calls: Annotated[bool, typer.Option("--calls/--no-calls", help="Also list every call of the step.")] = True,
    as_json: Json = False,
) -> None:
    """Show where the time of a training step goes.

    By call and by layer, against the machine's own speed at matrix products.
    """
    from dataclasses import asdict

    from nntrain.cli.output.header import model_line
    from nntrain.cli.output.terminal import notes, out, out_json
    from nntrain.inspection.step_profile import profile as measure
    from nntrain.runs import prepare_run
    from nntrain.spec import load

    ready = prepare_run(load(config, overrides or ()))
    found = measure(ready.assembly, ready.data, seconds=seconds)
    if as_json:
        out_json(asdict(found) | {"floor_ratio": found.floor_ratio, "labels": found.by_label()})
        return
    out(f"{ready.assembly.spec.name}: {model_line(ready.assembly)}")
    if calls:
        _show_calls(found)
    _show_labels(found)
    _show_totals(found)
    if found.busy:
        notes([BUSY.format(found.computing)])


def _show_calls(found: "Profile") -> None:
    from nntrain.cli.output.terminal import show, table

    rows = table("part of the step", "call", "shapes", ">µs", ">GFLOP/s")
    before = ""
    for call in found.calls:
        speed = f"{call.gflops:.1f}" if call.flops else ""
        rows.add_row(
            "" if call.label == before else call.label, call.function, call.shapes, _us(call.microseconds), speed
        )
        before = call.label
    show(rows)


def _show_labels(found: "Profile") -> None:
    from nntrain.cli.output.terminal import show, table

    rows = table("part of the step", ">µs", ">share")
    total = sum(found.by_label().values())
    for label, microseconds in found.by_label().items():
        rows.add_row(label, _us(microseconds), f"{microseconds / total:.0%}")
    show(rows)


def _show_totals(found: "Profile") -> None:
    from nntrain.cli.output.figures import count
    from nntrain.cli.output.terminal import facts

    flops, plan = sum(call.flops for call in found.calls), found.plan
    facts(
        [
            ("step", f"{_us(found.step)} µs for a batch of {count(found.batch_size)}; {len(found.calls)} calls"),
            ("products", f"{_us(found.floor)} µs alone: {found.floor_ratio:.0%} of the step"),
            ("speed", f"{flops / found.step / 1e3:.1f} GFLOP/s of {found.peak:.0f} on a large product"),
            ("taken by", "the C player" if found.played else "Python, call by call"),
            ("machine", f"{plan['kernels']} kernels, threads {plan['threads']}"),
        ]
    )


def _us(microseconds: float) -> str:
    return f"{microseconds:,.1f}" if microseconds < 100 else f"{microseconds:,.0f}"
