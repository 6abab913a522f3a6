"""Where words go: results to stdout, everything else to stderr. Imports rich only for a table."""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.table import Table

WIDE = 160  # columns where there is no terminal to fit into
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
BOLD, DIM, RED, YELLOW, CYAN = "1", "2", "31", "33", "36"


class ClosedPipe(Exception):
    """Whoever read our results has left. Not an OSError, of which typer would make an exit of its own."""


def open_closed_streams() -> None:
    """Put something harmless in the place of each standard stream that was closed when the process began.

    Otherwise the next file to be opened would get its number, and words would end up in it. What is read from stdin or
    written to stdout is then an error, as it is for other programs; what is said to stderr is lost.
    """
    for number, (name, flags) in enumerate((("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def out(text: str = "") -> None:
    """Write a result to stdout. Raises ClosedPipe."""
    try:
        print(text, file=sys.stdout)
    except BrokenPipeError:
        raise ClosedPipe from None


def out_json(value: Any) -> None:
    """Write one strict-JSON object to stdout: NaN and infinities become null."""
    import json

    from nntrain.artifacts.strict_json import plain

    out(json.dumps(plain(value), allow_nan=False))


def use_utf8() -> None:
    """Let results that are data, not words, reach a file or a pipe as UTF-8, whatever the locale can show."""
    if not sys.stdout.isatty() and "PYTHONIOENCODING" not in os.environ and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")


def say(text: str = "") -> None:
    """Write to stderr what is not a result; that nobody listens any more is no reason to stop working."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115,PTH123  # for the rest of the process


def note(text: str) -> None:
    """Tell something worth knowing that is not an error."""
    say(f"{apply_style('note:', YELLOW)} {plain(seen_from_here(text))}")


def notes(texts: Iterable[str]) -> None:
    """Tell several things worth knowing."""
    for text in texts:
        note(text)


def seen_from_here(text: str) -> str:
    """Return a text whose paths below the current directory begin there, as users mostly give them."""
    try:
        here = os.getcwd()  # noqa: PTH109  # as it is written in absolute paths
    except OSError:  # it may have been removed
        return text
    return text if here == os.sep else re.sub(rf"(?<![\w./~-]){re.escape(here)}/(?=[^\s/])", "", text)


def is_live(stream: IO[str] | None) -> bool:
    """Whether a stream is a terminal that can move its cursor."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def is_coloured(stream: IO[str] | None) -> bool:
    """Whether a stream shows styles, and the user wants to see them."""
    return is_live(stream) and not os.environ.get("NO_COLOR")


def apply_style(text: str, style: str, stream: IO[str] | None = None) -> str:
    """Return text in an ANSI style if the stream (stderr by default) shows styles."""
    stream = stream or sys.stderr
    return f"\x1b[{style}m{text}\x1b[0m" if is_coloured(stream) else text


def width() -> int:
    """Return the columns of the terminal that stderr is, or many where it is none."""
    return shutil.get_terminal_size().columns if is_live(sys.stderr) else WIDE


def plain(text: str) -> str:
    """Return a name from a file with its control characters spelled out, so that it cannot drive the terminal."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def table(*columns: str) -> "Table":
    """Return an empty table for stdout; columns whose names begin with > hold figures, the others texts that fold."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    class PrintableTable(Table):
        """A table whose cells cannot drive the terminal; a cell may have several lines."""

        def add_row(self, *cells: Any, **more: Any) -> None:
            super().add_row(*map(_printable, cells), **more)

    new = PrintableTable(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 1))
    for name in columns:
        if name.startswith(">"):
            new.add_column(name[1:], justify="right", no_wrap=True)
        else:
            new.add_column(name, overflow="fold")
    return new


def _printable(cell: Any) -> Any:
    return "\n".join(map(plain, cell.split("\n"))) if isinstance(cell, str) else cell


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Write (label, text) lines to stdout; long texts are left to the terminal to wrap, so that paths can be copied."""
    lines = list(pairs)
    column = max((len(label) for label, _ in lines), default=0)
    for label, text in lines:
        out(f" {apply_style(f'{label:<{column}}', DIM, sys.stdout)}  {plain(text)}")


@dataclass(frozen=True, slots=True)
class Page:
    """What a view is drawn on: its columns, whether it shows styles, and whether it has more signs than ASCII."""

    columns: int = WIDE
    coloured: bool = False
    unicode: bool = True

    @classmethod
    def stdout(cls) -> "Page":
        """Return the page that stdout is: as wide as its terminal, or wide enough for anything."""
        columns = shutil.get_terminal_size().columns if is_live(sys.stdout) else WIDE
        return cls(columns, is_coloured(sys.stdout), "utf" in (sys.stdout.encoding or "").lower())

    def apply_style(self, text: str, style: str) -> str:
        """Return text in an ANSI style if the page shows styles."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.coloured and text else text

    def drawn(self, *tables: "Table") -> list[str]:
        """Return tables as lines, an empty one before and after each: no markup in data, no blanks at the ends."""
        from rich.console import Console

        colours: Literal["auto", "standard"] | None = "standard" if self.coloured else None
        screen = Console(
            file=sys.stdout, markup=False, emoji=False, highlight=False, width=self.columns, color_system=colours
        )
        with screen.capture() as captured:
            for item in tables:
                screen.print(item)
        return [line.rstrip() for line in captured.get().splitlines()]


def show(*tables: "Table") -> None:
    """Write tables to stdout."""
    for line in Page.stdout().drawn(*tables):
        out(line)
