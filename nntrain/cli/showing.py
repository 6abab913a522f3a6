"""``nntrain show``: the network of a spec or of a checkpoint, before anything runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Overrides, is_spec

if TYPE_CHECKING:
    from nntrain.experiment import Assembly, Description


def show(
    source: Annotated[Path, typer.Argument(metavar="CONFIG|RUN|CHECKPOINT", help="A spec, a run or a checkpoint.")],
    overrides: Overrides = None,
) -> None:
    """Show the layers of a network, its memory and its work."""
    from nntrain.experiment import describe

    assembly = _assembly(source, overrides or [])
    _print(describe(assembly), assembly)


def _assembly(source: Path, overrides: list[str]) -> "Assembly":
    from nntrain.experiment import open_model, prepared
    from nntrain.spec import load

    if is_spec(source):
        return prepared(load(source, overrides)).assembly
    return open_model(source, overrides).assembly


def _print(found: "Description", assembly: "Assembly") -> None:
    from nntrain.cli.header import model_line, spell
    from nntrain.cli.numbers import count, size
    from nntrain.cli.terminal import facts, out, table
    from nntrain.cli.terminal import show as show_tables

    rows = table("layer", ">output", "parameters", ">weights", ">biases", ">FLOPs")
    rows.add_row("input", count(found.n_in), "", "", "", "")
    for index, layer in enumerate(found.rows):
        figures = (count(number) if number else "" for number in (layer.weights, layer.others, layer.flops))
        rows.add_row(f"{index} {layer.name}", count(layer.n_out), layer.shapes, *figures)
    vectors = f"{found.vectors} vectors of parameters, {size(found.vectors * found.parameter_bytes)}"
    buffers = f"buffers for batches of {count(found.batch_size)}, {size(found.buffer_bytes)}"
    out(f"{assembly.spec.name}: {model_line(assembly)}")
    show_tables(rows)
    facts(
        [
            ("total", f"{count(found.weights)} + {count(found.others)} = {count(found.total)} parameters"),
            ("loss", spell(assembly.loss)),
            ("training", f"{size(found.training_bytes)}: {vectors}, and {buffers}"),
            ("work", f"{count(found.flops)} FLOPs for one example forward, about three times that for a step"),
        ]
    )
