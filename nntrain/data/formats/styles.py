"""How people write numbers: decimal marks, grouped thousands, signs of money, per cent, brackets for what is owed.

A style reads a text as one number or not at all. Knows nothing of files or columns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from nntrain.data.formats.gaps import is_number

Decimal: TypeAlias = Literal[".", ","]
Thousands: TypeAlias = Literal[",", ".", " ", "'"]
SPACES = "\u00a0\u202f\u2009"  # blanks that part thousands and no words
GROUP = {"": "", ",": ",", ".": r"\.", " ": f"[ {SPACES}]", "'": "['\u2019]"}
MONEY = r"[A-Z]{0,3}[$€£¥₹₩₽₺]|USD|EUR|GBP|CHF|JPY"
DRESSED = re.compile(
    rf"(?P<open>\()?\s*(?P<minus>[+-])?\s*(?P<before>{MONEY})?\s*(?P<core>[+-]?[\d.,'’ {SPACES}]*\d[.,]?"
    rf"(?:[eE][+-]?\d+)?)\s*(?P<after>{MONEY}|%)?\s*(?P<close>\))?"
)
HIDDEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))  # characters that nobody sees
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Style:
    """How the numbers of a column are written: ``sign`` is a sign of money or per cent that they carry, or ``()``."""

    decimal: Decimal = "."
    thousands: Thousands | Literal[""] = ""
    sign: str = ""

    def number(self, text: str) -> float | None:
        """Return the number that a stripped text stands for, None where it stands for none."""
        if self == PLAIN:
            return float(text) if is_number(text) else None
        negative, core, signs = undress(text) if self.sign else (False, text, "")
        if signs not in ("", self.sign) or (self.sign == "%" and signs != "%"):
            return float(text) if text.lower() in ("nan", "inf", "-inf") else None
        if not pattern_of(self.decimal, self.thousands).fullmatch(core):
            return float(text) if text.lower() in ("nan", "inf", "-inf") else None
        value = float(_bare(core, self))
        return -value if negative else value


PLAIN = Style()
DECIMAL_COMMA = Style(",")
FORMS: Sequence[tuple[Decimal, Thousands | Literal[""]]] = (
    *((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'")),
)


def _bare(core: str, style: Style) -> str:
    """Return digits with a decimal point and nothing else between them."""
    if style.thousands:
        core = re.sub(GROUP[style.thousands], "", core)
    return core.replace(",", ".") if style.decimal == "," else core


@lru_cache(maxsize=32)
def pattern_of(decimal: str, thousands: str) -> re.Pattern[str]:
    """Return what matches numbers of this form; grouped digits are whole groups of three behind one to three."""
    mark, exponent = re.escape(decimal), r"(?:[eE][+-]?\d+)?"
    plain = rf"(?:\d+(?:{mark}\d*)?|{mark}\d+)"
    grouped = rf"[1-9]\d{{0,2}}(?:{GROUP[thousands]}\d{{3}})+(?:{mark}\d*)?|" if thousands else ""
    return re.compile(rf"[+-]?(?:{grouped}{plain}){exponent}")


def undress(text: str) -> tuple[bool, str, str]:
    """Return whether brackets make a number negative, its digits and marks, and the sign that it carries."""
    found = DRESSED.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]) or (found["before"] and found["after"]):
        return False, text, ""
    if found["minus"] and found["core"][0] in "+-":
        return False, text, ""
    if found["open"] and (found["minus"] or found["core"][0] in "+-"):
        return False, text, ""
    negative = bool(found["open"]) or found["minus"] == "-"
    return negative, found["core"].strip(), found["before"] or found["after"] or ""


def hint(text: str) -> str:
    """Return what is odd about a text that is nearly a number, and what to do; "" where nothing is."""
    shown = text.translate(HIDDEN).replace(MINUS, "-")
    if shown != text and is_number(shown):
        if MINUS in text:
            return "; its minus sign is the character U+2212, write a hyphen (U+002D)"
        char = next(char for char in text if ord(char) in HIDDEN)
        return f"; it holds a character that is not seen, U+{ord(char):04X}; take it out"
    if pattern_of(",", "").fullmatch(text) and pattern_of(".", ",").fullmatch(text):
        return (
            "; set data.source.thousands: ',' if that comma groups thousands, data.source.decimal: ',' if it is decimal"
        )
    if pattern_of(",", "").fullmatch(text):
        return "; if that is a decimal comma, set data.source.decimal: ','"
    for decimal, thousands in FORMS[2:]:
        if pattern_of(decimal, thousands).fullmatch(text):
            return f"; if its thousands are grouped, set data.source.thousands: {thousands!r}"
    _, core, sign = undress(text)
    if core != text and any(pattern_of(*form).fullmatch(core) for form in FORMS):
        what = f"the sign {sign}" if sign else "brackets"
        return f"; it is written with {what}, the other values of its column are not all"
    return ""


def like_number(text: str) -> bool:
    """Return whether a text is a number in some style, without a sign."""
    return is_number(text) or any(pattern_of(*form).fullmatch(text) for form in FORMS)


def nearly_number(text: str) -> bool:
    """Return whether a text is a number but for a character that cannot be seen, or a minus sign of its own."""
    shown = text.translate(HIDDEN).replace(MINUS, "-")
    return shown != text and is_number(shown)
