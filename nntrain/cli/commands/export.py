"""``nntrain export``: a trained model for another program."""

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import Model


def export(
    model: Model,
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="numpy, onnx, torch, safetensors or csv.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write; the spec's name by default.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Write a trained model for another program, run it there, and compare.

    Encoder, scaler and output unit are part of it: raw rows go in, class names and probabilities come out. 200 rows go
    through both programs before anything is written; if they disagree, nothing is. numpy and torch are one readable
    Python file with an npz archive beside it, csv is one table of all numbers.
    """
    from nntrain.cli.output.terminal import notes, out, plain
    from nntrain.errors import SpecError
    from nntrain.export.export_targets import export as write
    from nntrain.export.export_targets import files_beside, target_named
    from nntrain.runs import open_model

    target = target_named(to)
    trained = open_model(model)
    notes(trained.notes)
    name = trained.assembly.spec.name
    path = output or Path(f"{name.replace('-', '_') if target.ending == '.py' else name}{target.ending}")
    if path.suffix != target.ending:
        raise SpecError(f"{path}: a file for {to} ends in {target.ending}, got '{path.suffix}'")
    for file in files_beside(to, path):
        if not force and (file.exists() or file.is_symlink()):
            raise SpecError(f"{file}: exists already; name another file with -o, or replace it with --force")
    done = write(trained, to, path)
    files = " and ".join(plain(str(file)) for file in done.files)
    out(f"{files}: written; {done.runtime} says the same of 200 rows, within {done.difference:.1e}")
