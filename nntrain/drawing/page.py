"""A page of sections, each of a few kinds of blocks, as one HTML file that loads nothing: no script, no address.

All texts are escaped. Needs Jinja2, the extra ``report``. Knows nothing of runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, TypeAlias

from nntrain.drawing.captions import clean
from nntrain.drawing.inline_svg import Element
from nntrain.errors import MissingExtraError

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines for a shell."""

    kind: ClassVar[str] = "commands"
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that stands by itself."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Figures beside each other; the first is the one that counts."""

    kind: ClassVar[str] = "tiles"
    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the first of each being its name; columns in ``words`` hold text. Folded under a ``summary``."""

    kind: ClassVar[str] = "table"
    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[int] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Pictures under one caption: ``panels`` stand side by side where there is room; others scroll."""

    kind: ClassVar[str] = "figures"
    caption: str
    pictures: Sequence[Element]
    panels: bool = False


Block: TypeAlias = Text | Commands | Tiles | Table | Figures


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. ``look`` is good, bad, plain or nothing; a ``full`` one is as wide as the page."""

    identity: str
    title: str
    blocks: Sequence[Block]
    full: bool = False
    look: str = ""

    @property
    def short(self) -> str:
        """The title in the list of sections."""
        return self.title.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its name and status, details below the name, its sections, and the line at its end."""

    name: str
    status: str
    details: Sequence[str]
    sections: Sequence[Section]
    footer: str
    result: str = ""
    look: str = field(default="")


def need_jinja() -> None:
    """Raise MissingExtraError without Jinja2."""
    if find_spec("jinja2") is None:
        raise MissingExtraError("a report needs Jinja2: pip install 'nntrain[report]'")


def render_page(page: Page) -> str:
    """Return a page as HTML. MissingExtraError without Jinja2."""
    need_jinja()
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    style = (HERE / "page.css").read_text(encoding="utf-8")
    template = environment.from_string((HERE / "page.html.j2").read_text(encoding="utf-8"))
    return str(template.render(page=page, style=style))
