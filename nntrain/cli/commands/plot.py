"""``nntrain plot``: a picture of a run, a checkpoint or a spec."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Overrides, SpecOrModel
from nntrain.cli.given_path import what_is

if TYPE_CHECKING:
    from nntrain.pictures.origin import Origin


def plot(
    source: SpecOrModel,
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
    use: Annotated[
        str, typer.Option("--for", metavar="USE", help="Sizes of text and lines for screen, slide or paper.")
    ] = "screen",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it is there.")] = False,
    overrides: Overrides = None,
) -> None:
    """Draw a picture of a run, whatever state it is in, of a checkpoint, or of a spec, which is trained in memory.

    The weights are those of the best epoch unless --epoch says otherwise. What is not on disk is trained again.
    """
    from nntrain.cli.output.picture_file import target_of, write_picture
    from nntrain.cli.output.terminal import notes
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.pictures.menu import PICTURES, Options

    if what is None:
        _list_pictures()
        return
    if what not in PICTURES:
        raise SpecError(f"WHAT: no such picture, got '{what}'{did_you_mean(what, PICTURES)}")
    target = target_of(output, use, force=force, instead=lambda: f"{_name(source)}-{what}.png")
    origin = _origin(source, overrides or [])
    draw = PICTURES[what].gather(origin, Options(epoch=epoch))
    notes(origin.notes)
    write_picture(target, draw)


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
    if str(source) == "-":
        return "spec"
    return inside.stem if inside.is_file() else inside.name


def _list_pictures() -> None:
    from nntrain.cli.output.terminal import show, table
    from nntrain.pictures.menu import PICTURES

    rows = table("picture", "")
    for name, picture in PICTURES.items():
        rows.add_row(name, picture.summary)
    show(rows)
