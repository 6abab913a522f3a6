"""Pictures as elements of a page: SVG that takes the page's colours, light and dark, and can be read aloud.

Knows nothing of what the pictures show, or where on the page they stand.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from html import escape

from nntrain.drawing.captions import clean
from nntrain.drawing.style import (
    COOL,
    EDGE,
    FAINT,
    GROUND,
    INK,
    LARGE,
    PAPER,
    SOFT,
    TRAINING,
    VALIDATION,
    WARM,
    Draw,
    save,
    styled,
)

LARGEST = 200_000  # bytes of an SVG: of a larger one the page gets the PNG
LEAST = 0.75  # of its size: a picture that would have to be smaller is scrolled
PALE = "#cfe1f0"
VARIABLES = {  # colours that the page has in a light and in a dark form
    INK: "ink",
    SOFT: "soft",
    EDGE: "axis",
    FAINT: "faint",
    PAPER: "paper",
    GROUND: "shade",
    PALE: "pale",
    TRAINING: "training",
    VALIDATION: "validation",
    LARGE: "large",
    WARM: "warm",
    COOL: "cool",
}
JOINS = "stroke-linejoin: round; stroke-linecap: butt"  # what Matplotlib says for every element of a picture
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
TAG = re.compile(r"<[^>]*>")  # Matplotlib writes > in texts and attributes as &gt;


@dataclass(frozen=True, slots=True)
class Element:
    """A picture as HTML; ``on_white``: its colours are its own, so that it needs a white card on a dark page."""

    html: str
    on_white: bool


class Inliner:
    """Makes the pictures of one page. No two of them share an id, so that none clips another."""

    def __init__(self) -> None:
        self._count = 0

    def draw(self, draw: Draw, title: str, *, on_white: bool = False, scale: float = 1.0) -> Element:
        """Return a picture; ``title`` is read in its place. Unless ``on_white`` it takes the page's colours."""
        self._count += 1
        with styled("page"):
            figure = draw()
            svg = save(figure, "svg").decode()
            if len(svg) > LARGEST:
                return Element(_image(save(figure, "png"), title, scale * figure.get_figwidth()), on_white=True)
        own = f"p{self._count}-"
        return Element(_inline(svg, own, clean(title), follow=not on_white, scale=scale), on_white)


def _image(png: bytes, title: str, inches: float) -> str:
    data, wide = b64encode(png).decode(), 96 * inches  # pixels of CSS
    look = f'style="min-width: {LEAST * wide:.0f}px" width="{wide:.0f}"'
    return f'<img alt="{escape(clean(title))}" {look} src="data:image/png;base64,{data}">'


def _inline(text: str, own: str, title: str, *, follow: bool, scale: float) -> str:
    """Return an SVG file as an element whose ids begin with ``own``; texts in it stay as they are."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", text, flags=re.DOTALL)

    def rewrite(match: re.Match[str]) -> str:
        tag = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{own}", match[0])
        return COLOUR.sub(_variable, tag) if follow else tag

    text = TAG.sub(rewrite, text)
    if follow:  # the ground is the page's
        ground = r'(<g id="[^"]*patch_1">\s*<path [^>]*style=")fill: [^;"]+'
        text = re.sub(ground, r"\1fill: none", text, count=1)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    assert box is not None
    wide, high = (float(side) for side in box.groups())
    scale *= 4 / 3  # from points to pixels
    sides = f'width="{wide * scale:.0f}" height="{high * scale:.0f}" viewBox="0 0 {wide:g} {high:g}"'
    look = f"{JOINS}; min-width: {LEAST * wide * scale:.0f}px"
    head = f'<svg role="img" aria-labelledby="{own}title" style="{look}" {sides}>'
    return f'{head}<title id="{own}title">{escape(title)}</title>{text[text.index(">") + 1 :].rstrip()}'


def _variable(match: re.Match[str]) -> str:
    return f"var(--{VARIABLES[match[0]]})" if match[0] in VARIABLES else match[0]
