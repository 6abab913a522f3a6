"""Numbers and names as they stand in a picture: only the digits that carry, and never an offset.

Knows nothing of where they stand.
"""

import math
import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # what no SVG may hold
ENDING = 5  # letters that are kept of the end of a shortened name


def number(value: float, digits: int = 4) -> str:
    """Return a number as text: digits grouped, no exponent between 0.0001 and ten million."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "not a number")
    size = abs(value)
    if size and not 1e-4 <= size < 1e7:
        mantissa, exponent = f"{value:.{max(digits - 2, 0)}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}×10{superscript(int(exponent))}".replace("-", "−")
    places = max(digits - 1 - math.floor(math.log10(size)), 0) if size else 0
    text = f"{value:,.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def share(value: float) -> str:
    """Return a score between 0 and 1 with three places, or four where three would say 1."""
    if value in (0, 1):
        return f"{value:.0f}"
    return f"{value:.4f}" if 0.9995 <= value < 1 else number(round(value, 3) + 0.0) if value < 0 else f"{value:.3f}"


def tick(value: float) -> str:
    """Return the text of a tick: short, grouped, powers of ten below 0.0001 and from 100,000 on."""
    if value and not 1e-4 <= abs(value) < 1e5:
        power = math.log10(abs(value))
        if abs(power - round(power)) < 1e-9:
            return ("−" if value < 0 else "") + "10" + superscript(round(power))
        return number(value, 3)
    return number(value, 6)


def superscript(exponent: int) -> str:
    """Return an exponent as raised digits."""
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def clean(text: str) -> str:
    """Return a text from outside on one line, without characters that no picture can hold."""
    return CONTROL.sub("\ufffd", " ".join(text.split()))


def shorten(name: str, most: int = 22) -> str:
    """Return a name that fits beside an axis: its beginning and its end."""
    name = clean(name)
    return name if len(name) <= most else f"{name[: most - ENDING - 1]}…{name[-ENDING:]}"


def width(text: str, points: float, *, bold: bool = False) -> float:
    """Return the width of a text in inches; to be called inside ``styled``, where $ is no formula."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    return float(TextPath((0, 0), text, size=points, prop=font, usetex=False).get_extents().width) / 72
