"""Which style the numbers of each column have, judged from all of its values and from the columns beside it.

1,471 is a thousand or one and a half; what tells is how the other columns are written. Where that is open, it is taken
for a thousand, and a note says so. Knows nothing of files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nntrain.data.formats.gaps import Gaps, all_numbers, is_number
from nntrain.data.formats.styles import FORMS, PLAIN, Decimal, Style, Thousands, pattern_of, undress
from nntrain.data.text import quoted

ENOUGH = 0.9  # share of a column's values that a style must read
FEW = 3  # values such as 1.471 that make a column suspicious
SHORT = re.compile(r"[+-]?[1-9]\d{0,2}")
WHOLE = re.compile(r"[+-]?\d+")
DOTTED = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a spec says of numbers; None is found out. ``signs``: those of money and per cent may be left out."""

    decimal: Decimal | None = None
    thousands: Thousands | None = None
    signs: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    """The style of a column, an ``example`` of what needed it, and the ``rival`` that would read its values too."""

    style: Style = PLAIN
    example: str = ""
    rival: Style | None = None
    note: str = ""
    either: bool = False  # no value shows which decimal mark there is
    whole: bool = False  # nothing but whole numbers, without any mark
    pointed: bool = False  # some numbers have a decimal point


def judge_columns(
    columns: Sequence[Sequence[str]],
    gaps: Sequence[Gaps],
    asked: Asked,
    delimiter: str | None,
    known: Sequence[Style] = (),
) -> list[Judgement]:
    """Return how the numbers of each column are written; ``known`` styles decide what is open."""
    judged = [_judge_column(column, gap, asked) for column, gap in zip(columns, gaps, strict=True)]
    commas = any(j.style.decimal == "," and j.rival is None for j in judged)
    points = any(j.pointed or (j.style.decimal == "." and j.style.thousands == ",") for j in judged)
    settled = [_settle(judgement, asked, commas=commas, points=points or delimiter == ",") for judgement in judged]
    return [_as_known(*pair) for pair in zip(settled, known, strict=True)] if known else settled


def _as_known(judged: Judgement, known: Style) -> Judgement:
    """Return what is open as it is known from another file."""
    is_open = judged.rival is not None and known in (judged.style, judged.rival)
    return replace(judged, style=known, note="") if is_open else judged


def _settle(judged: Judgement, asked: Asked, *, commas: bool, points: bool) -> Judgement:
    """Decide what is open by the columns beside it, and say what was decided."""
    if judged.rival is not None:
        wrong = points and not commas if judged.style.decimal == "," else commas
        if wrong and asked.decimal is None and asked.thousands is None:
            judged = replace(judged, style=judged.rival, rival=judged.style)
    elif judged.either and commas:
        judged = replace(judged, style=replace(judged.style, decimal=","))
    elif judged.whole:
        decimal: Decimal = asked.decimal or ("," if commas else ".")
        return replace(judged, style=Style(decimal, asked.thousands or ""))
    return replace(judged, note=_note(judged, asked))


def _note(judged: Judgement, asked: Asked) -> str:
    """Return how numbers were read where another reading is possible, or something was left out; "" otherwise."""
    style, value = judged.style, judged.example
    if not value:
        return ""
    number = style.number(value)
    read = f"numbers such as {quoted(value)} are read as {number:.15g}"
    if style.sign:
        what = "without their brackets, as negative" if style.sign == "()" else f"without {style.sign}"
        return f"{read}, {what}; data.source.signs: false keeps the texts"
    if judged.rival is not None:
        if style.thousands and asked.thousands is None:
            return f"{read}; data.source.decimal: {judged.rival.decimal!r} takes the mark for a decimal one"
        if not style.thousands and asked.decimal is None:
            return f"{read}; data.source.thousands: {judged.rival.thousands!r} takes the mark for grouped thousands"
        return ""
    return f"{read}, their thousands grouped" if style.thousands and asked.thousands is None else ""


def _judge_column(column: Sequence[str], gaps: Gaps, asked: Asked) -> Judgement:
    """Return how the values of a column are written; most columns hold numbers as programs write them."""
    if all_numbers(column, gaps) is not None:
        return _judge_points(column, asked)
    return _judge([value for value in column if not gaps.missing(value, among_numbers=True)], asked)


def _judge(values: Sequence[str], asked: Asked) -> Judgement:
    """Return how the values of a column that are there are written; PLAIN where no style reads nearly all of them."""
    odd = [value for value in values if not is_number(value)]
    if not odd:
        return _judge_points(values, asked)
    sign, cores = _signs(values, odd) if asked.signs else ("", list(values))
    counts = {form: _count(form, cores) for form in FORMS if _allowed(form, asked)}
    most = max(counts.values())
    matched = [form for form, count in counts.items() if count == most >= ENOUGH * len(cores)]
    if not matched or (matched[0] == (".", "") and not sign):
        return Judgement(pointed=any("." in value for value in values if is_number(value)))
    if (",", "") in matched and (".", ",") in matched and any("," in core for core in cores):
        return _judge_commas(values, cores, sign)
    pattern = pattern_of(*matched[0])
    pairs = zip(values, cores, strict=True)
    example = next((value for value, core in pairs if not is_number(value) and pattern.fullmatch(core)), "")
    pointed = matched[0][0] == "." and any("." in core for core in cores)
    either = matched[0][0] == "." and (",", matched[0][1]) in matched
    return Judgement(Style(*matched[0], sign), example, pointed=pointed, either=either)


def _signs(values: Sequence[str], odd: Sequence[str]) -> tuple[str, list[str]]:
    """Return the one sign that numbers carry, ``()`` for brackets alone, and the numbers without it."""
    undressed = [undress(value) for value in values]
    found = {carried for _, _, carried in undressed if carried}
    cores = [core for _, core, _ in undressed]
    percents = sum(carried == "%" for _, _, carried in undressed)
    if len(found) == 1 and (percents == 0 or percents >= ENOUGH * len(values)):
        return found.pop(), cores
    if not found and any(value.startswith("(") and value != core for value, core in zip(values, cores, strict=True)):
        return "()", cores
    return "", list(values)


def _allowed(form: tuple[Decimal, str], asked: Asked) -> bool:
    decimal = form[0] == asked.decimal or (asked.decimal is None and form[0] != asked.thousands)
    return decimal and (asked.thousands is None or form[1] in ("", asked.thousands))


def _count(form: tuple[Decimal, str], cores: Sequence[str]) -> int:
    """Return how many values a form of numbers reads."""
    pattern = pattern_of(*form)
    return sum(bool(pattern.fullmatch(core)) for core in cores)


def _judge_commas(values: Sequence[str], cores: Sequence[str], sign: str) -> Judgement:
    """Take 1,471 for a thousand, unless columns beside it show decimal commas: thousands explain all of its values."""
    example = next(value for value, core in zip(values, cores, strict=True) if "," in core)
    return Judgement(Style(".", ",", sign), example, Style(",", "", sign))


def _judge_points(values: Sequence[str], asked: Asked) -> Judgement:
    """Return PLAIN for numbers as programs write them; a column like 1.471, 2.556, 921 may hold thousands."""
    dotted = [value for value in values if "." in value]
    if not dotted:
        return Judgement(whole=all(map(WHOLE.fullmatch, values)))
    if not all(map(DOTTED.fullmatch, dotted)):
        return Judgement(pointed=True)
    others = [value for value in values if "." not in value]
    if asked.thousands == "." or (asked.decimal == "," and asked.thousands is None):
        return Judgement(Style(",", "."), dotted[0], PLAIN)
    short = all(SHORT.fullmatch(value) or value == "0" for value in others)
    if asked.decimal or asked.thousands or len(dotted) < FEW or not short:
        return Judgement(pointed=True)
    return Judgement(PLAIN, dotted[0] if others else "", Style(",", "."), pointed=False)
