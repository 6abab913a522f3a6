"""``nntrain show``: the network of a spec or of a checkpoint, before anything runs."""

from typing import TYPE_CHECKING

from nntrain.cli.arguments import Json, Overrides, SpecOrModel
from nntrain.cli.given_path import is_spec

if TYPE_CHECKING:
    from nntrain.inspection.layer_table import Description
    from nntrain.runs import Assembly


def show(
    source: SpecOrModel,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Show the layers of a network, their shapes and memory."""
    from dataclasses import asdict

    from nntrain.cli.output.terminal import notes, out_json
    from nntrain.inspection.layer_table import describe, peak_bytes
    from nntrain.runs import open_model, prepare_run
    from nntrain.spec import load

    ready = prepare_run(load(source, overrides or [])) if is_spec(source) else None
    if ready:
        assembly = ready.assembly
    else:
        trained = open_model(source, overrides or [])
        notes(trained.notes)
        assembly = trained.assembly
    found = describe(assembly)
    peak = peak_bytes(found) if ready else None  # known only once the data are loaded
    if as_json:
        totals = {"total": found.total, "training_bytes": found.training_bytes, "peak_bytes": peak}
        division = {"division": ready.data.division} if ready and ready.data.division else {}
        out_json({"name": assembly.spec.name} | asdict(found) | totals | division)
    else:
        _print(found, assembly, peak, ready.data.division if ready else "")


def _print(found: "Description", assembly: "Assembly", peak: int | None, division: str) -> None:
    from nntrain.cli.output.figures import count, size
    from nntrain.cli.output.header import model_line
    from nntrain.cli.output.terminal import facts, out, plain, table
    from nntrain.cli.output.terminal import show as show_tables
    from nntrain.core.entry_text import spell

    rows = table("layer", ">output", "parameters", ">weights", ">biases", ">FLOPs")
    rows.add_row("input", count(found.n_in), "", "", "", "")
    for index, layer in enumerate(found.rows):
        figures = (count(number) if number else "" for number in (layer.weights, layer.others, layer.flops))
        rows.add_row(f"{index} {layer.name}", count(layer.n_out), layer.shapes, *figures)
    vectors = f"{found.vectors} vectors of parameters, {size(found.vectors * found.parameter_bytes)}"
    buffers = f"buffers for batches of {count(found.batch_size)}, {size(found.buffer_bytes)}"
    out(f"{assembly.spec.name}: {model_line(assembly)}")
    show_tables(rows)
    lines = [
        ("total", f"{count(found.weights)} + {count(found.others)} = {count(found.total)} parameters"),
        ("loss", spell(assembly.loss)),
        ("training", f"{size(found.training_bytes)}: {vectors}, and {buffers}"),
        ("work", f"{count(found.flops)} FLOPs for one example forward, about three times that for a step"),
    ]
    if peak is not None:
        lines.insert(3, ("peak", f"{size(peak)} for a whole run: program, data, training, scoring and drawing"))
    if division:
        lines.append(("division", plain(division)))
    facts(lines)
