"""The file that a picture is written to: its format by its ending, and nothing replaced in silence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntrain.drawing.style import Draw, Format, Use

USES: "Mapping[str, Use]" = {"screen": "screen", "slide": "slide", "paper": "paper"}
KINDS: "Mapping[str, Format]" = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
MOVING = ".gif"


@dataclass(frozen=True, slots=True)
class Target:
    """A file that may be written, and for which use its picture is drawn."""

    path: Path
    use: "Use"

    @property
    def moves(self) -> bool:
        """Whether it is a film."""
        return self.path.suffix.lower() == MOVING


def target_of(path: Path | None, use: str, *, force: bool, instead: Callable[[], str], moving: bool = False) -> Target:
    """Return where a picture goes: ``path`` or, without one, ``instead``. SpecError for what cannot be.

    ``moving`` allows a film.
    """
    from nntrain.errors import SpecError, did_you_mean

    if use not in USES:
        raise SpecError(f"--for: no such use, got '{use}'{did_you_mean(use, USES)}")
    target = Target(path if path is not None else Path(instead()), USES[use])
    endings = [*KINDS, *([MOVING] if moving else [])]
    if target.path.suffix.lower() not in endings:
        named = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise SpecError(f"{target.path}: the ending says the format: {named}, got '{target.path.suffix}'")
    if not force and (target.path.exists() or target.path.is_symlink()):
        raise SpecError(f"{target.path}: exists already; name another file with -o, or replace it with --force")
    return target


def write_picture(target: Target, draw: "Draw", *, quiet: bool = False) -> None:
    """Draw a picture and write it whole."""
    from nntrain.drawing.style import render

    kind = KINDS[target.path.suffix.lower()]
    write_file(target, render(draw, [kind], target.use)[kind], quiet=quiet)


def write_film(target: Target, frames: "Sequence[Draw]") -> None:
    """Draw the pictures of a film and write it whole."""
    from nntrain.drawing.animation import animate

    write_file(target, animate(frames, target.use))


def write_file(target: Target, data: bytes, *, quiet: bool = False) -> None:
    """Write the bytes of a picture whole, and say where unless ``quiet``."""
    from nntrain.artifacts import durable
    from nntrain.cli.output.terminal import out, plain

    durable.write_bytes(target.path, data)
    if not quiet:
        out(f"{plain(str(target.path))}: written")
