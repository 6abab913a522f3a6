"""The one style of all pictures: colours, sizes, Matplotlib's settings, and the bytes of a finished picture.

Never pyplot; Matplotlib is imported when something is drawn. The same picture gives the same bytes. Colours differ in
lightness as well, so that greyscale tells them apart. Knows nothing of what is drawn.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

Format = Literal["png", "svg", "pdf"]
Use = Literal["screen", "slide", "paper", "page"]
Draw: TypeAlias = "Callable[[], Figure]"  # draws a picture; to be called inside ``styled``

INK, SOFT, EDGE, FAINT, PAPER = "#1c2630", "#5b6672", "#9aa3ad", "#e3e6ea", "#ffffff"
TRAINING, VALIDATION = "#4c94cc", "#a63a00"  # light blue and dark rust: greyscale tells them apart
SMALL, RIGHT, LARGE = "#4c94cc", "#1c2630", "#d1660a"  # a learning rate too small, right, too large
COOL, WARM = "#2a6fa6", "#a84e00"  # the same blue and orange, dark enough for text
GROUND = "#f1f2f4"  # a band behind curves
CLASSES = ("#0b5c94", "#e8a317", "#2c9a7a", "#b5407c", "#69b7e8", "#7a3b00", "#8f8f8f", "#d1660a", "#5c4bab", "#1c2630")
MARKERS = "os^DvP*X<>"
COUNTS = ("#ffffff", "#cfe1f0", "#8dbadc", "#3f86bd", "#0b4f86", "#062b4d")  # white to dark: prints as it looks
ERRORS = ("#ffffff", "#fbdcc0", "#f2ab73", "#d1660a", "#8a3a00", "#4d1f00")
SIGNED = ("#04203f", "#2f6199", "#8e9299", "#e6aa3c", "#fff2bd")  # dark below 0, light above: greyscale keeps the sign
ORDER = ("#440154", "#3b528b", "#21918c", "#4fb15f")  # ordered lines, the first the darkest

WITHOUT: dict[Format, dict[str, Any]] = {  # what would make the bytes depend on time or version
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True, slots=True)
class Size:
    """Points of ordinary text, the scale of all inches, and dots an inch, for one use of a picture.

    Pictures that are not ``headed`` stand on a page that has a heading of its own.
    """

    text: float
    scale: float
    dpi: int
    headed: bool = True


SIZES: dict[Use, Size] = {
    "screen": Size(9, 1, 150),
    "slide": Size(15, 1.55, 150),
    "paper": Size(7.5, 0.8, 300),
    "page": Size(9, 1, 150, headed=False),
}
_SIZE: ContextVar[Size] = ContextVar("size", default=SIZES["screen"])


def size() -> Size:
    """Return the size of what is being drawn."""
    return _SIZE.get()


@contextmanager
def styled(use: Use = "screen") -> Iterator[None]:
    """Draw inside in the one style at the size of a use, whatever the user's own matplotlibrc says."""
    from matplotlib import style

    token = _SIZE.set(SIZES[use])
    try:
        with style.context(["default", settings(SIZES[use])]):
            yield
    finally:
        _SIZE.reset(token)


def render(draw: Draw, formats: Sequence[Format] = ("png",), use: Use = "screen") -> dict[Format, bytes]:
    """Return a picture in each format, at the size of its use."""
    with styled(use):
        figure = draw()
        return {kind: save(figure, kind) for kind in formats}


def save(figure: "Figure", kind: Format) -> bytes:
    """Return the bytes of a figure; to be called inside ``styled``."""
    target = io.BytesIO()
    with warnings.catch_warnings():  # a sign that the font lacks is shown as a box in PNG and PDF
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(target, format=kind, metadata=WITHOUT[kind])
    return target.getvalue()


def settings(of: Size) -> dict[str, Any]:
    """Return Matplotlib's settings for pictures of a size."""
    text, line = of.text, of.text / 9
    return {
        "font.family": "DejaVu Sans",  # Matplotlib brings it: the same picture everywhere
        "font.size": text,
        "text.color": INK,
        "text.parse_math": False,
        "axes.titlesize": text,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 0.75 * text,
        "axes.labelsize": text * 0.94,
        "axes.labelcolor": SOFT,
        "axes.labelpad": 0.35 * text,
        "axes.edgecolor": EDGE,
        "axes.linewidth": 0.8 * line,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "axes.xmargin": 0.02,
        "grid.color": FAINT,
        "grid.linewidth": 0.7 * line,
        "lines.linewidth": 1.6 * line,
        "lines.markersize": 3.6 * line,
        "lines.solid_capstyle": "round",
        "xtick.labelsize": text * 0.88,
        "ytick.labelsize": text * 0.88,
        "xtick.color": EDGE,
        "ytick.color": EDGE,
        "xtick.labelcolor": SOFT,
        "ytick.labelcolor": SOFT,
        "xtick.major.size": 3 * line,
        "ytick.major.size": 0,
        "xtick.minor.size": 0,
        "ytick.minor.size": 0,
        "figure.dpi": of.dpi,
        "savefig.dpi": of.dpi,
        "savefig.facecolor": PAPER,
        "svg.hashsalt": "nntrain",
        "svg.fonttype": "none",  # text stays text: small, searchable, in any script
        "pdf.fonttype": 42,
        "image.interpolation": "nearest",
    }


def colour_map(stops: Sequence[str]) -> "LinearSegmentedColormap":
    """Return a colour map through the stops."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("own", list(stops))


def readable_on(rgba: Sequence[float]) -> str:
    """Return ink or white, whichever is read better on a colour (contrast as in WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba[:3]]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if (light + 0.05) / 0.07 > 1.05 / (light + 0.05) else PAPER
