"""``nntrain plot``: a picture of a run, a checkpoint or a spec."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Overrides
from nntrain.cli.given_path import need_spec_or_model, what_is
from nntrain.cli.run_name import LATEST, run_named

if TYPE_CHECKING:
    from nntrain.pictures.origin import Origin


def plot(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|CHECKPOINT|CONFIG",
            help="A run, a checkpoint or a spec; for activations also their names, all, or a formula of z.",
        ),
    ],
    what: Annotated[str | None, typer.Argument(metavar="WHAT", help="The picture; without one: list them.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A .png, .svg or .pdf; by default NAME-WHAT.png, a new file."
        ),
    ] = None,
    epoch: Annotated[
        int | None,
        typer.Option("--epoch", min=0, metavar="N", help="As it was after this epoch; 0 is the start."),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="PART", help="Score test (or what there is), validation or train.")
    ] = None,
    shape: Annotated[
        str | None, typer.Option("--shape", metavar="HxW[x3]", help="Rows are pictures: 28x28x1, 32x32x3 by planes.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option("--positive", metavar="NAME", help="roc: this class against the rest.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="NAME", help="residuals: of this target of several.")
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=1, max=100, metavar="N", help="errors: how many.")] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="NAME,NAME", help="boundary: two inputs of several.")
    ] = None,
    every: Annotated[
        int | None, typer.Option("--every", min=1, metavar="N", help="A film: a picture every N epochs.")
    ] = None,
    gif: Annotated[bool, typer.Option("--gif", help="A film of the training, as the ending .gif.")] = False,
    use: Annotated[
        str, typer.Option("--for", metavar="USE", help="Sizes of text and lines for screen, slide or paper.")
    ] = "screen",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it is there.")] = False,
    overrides: Overrides = None,
) -> None:
    """Draw a picture of a run, a checkpoint or a spec.

    A run may be in any state; a spec is trained in memory. The weights are those of the best epoch unless --epoch says
    otherwise. What is not on disk is trained again.
    """
    from nntrain.cli.output.picture_file import target_of, write_film, write_picture
    from nntrain.cli.output.terminal import notes
    from nntrain.errors import SpecError
    from nntrain.pictures.menu import find_picture
    from nntrain.pictures.picture_options import Options

    if what is None:
        _list_pictures()
        return
    options = Options(epoch, split, shape, positive, target, count, columns, every)
    picture = find_picture(what, options)
    ending = "gif" if gif or every else "png"
    moves = picture.film is not None
    source = run_named(source) if what != "activations" or str(source) == LATEST else source
    functions = what == "activations" and what_is(source) in ("missing", "folder")
    if not functions:
        need_spec_or_model(source)
    file = target_of(output, use, force=force, instead=lambda: f"{_name(source)}-{what}.{ending}", moving=moves)
    if (gif or every) and not file.moves:
        raise SpecError(f"{file.path}: a film needs the ending .gif, got '{file.path.suffix}'")
    if functions:
        from nntrain.pictures.activation_pictures import gather_functions

        write_picture(file, gather_functions(str(source)))
        return
    origin = _origin(source, overrides or [])
    if file.moves and picture.film is not None:
        frames = picture.film(origin, options)
        notes(origin.notes)
        write_film(file, frames)
    else:
        draw = picture.gather(origin, options)
        notes(origin.notes)
        write_picture(file, draw)


def _origin(source: Path, overrides: list[str]) -> "Origin":
    from nntrain.pictures.origin import CheckpointOrigin, RunOrigin, SpecOrigin
    from nntrain.spec import load

    what = what_is(source)
    if what == "run":
        return RunOrigin(source, overrides)
    if what == "checkpoint":
        return CheckpointOrigin(source, overrides)
    return SpecOrigin(source, load(source, overrides))


def _name(source: Path) -> str:
    """Return what a picture without a name of its own is called after."""
    inside = source.resolve()
    if str(source) == "-" or not inside.name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        return "spec" if str(source) == "-" else "formula"
    return inside.stem if inside.is_file() else inside.name


def _list_pictures() -> None:
    from nntrain.cli.output.terminal import show, table
    from nntrain.pictures.menu import PICTURES

    rows = table("picture", "")
    for name, picture in PICTURES.items():
        rows.add_row(name, picture.summary)
    show(rows)
