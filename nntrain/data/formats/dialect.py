"""How a table of text is laid out, judged from its first lines: remarks above it, ``sep=``, delimiter and width.

Knows nothing of headers, or of what values mean.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nntrain.data.formats.delimited import split
from nntrain.data.formats.gaps import is_number
from nntrain.data.formats.styles import like_number

HEAD = 1 << 18  # characters that decide the delimiter, at most
LINES, FEW, ENOUGH = 300, 50, 1 << 16  # lines of them, at most; so few will do if they have so many characters
TITLES = 20  # lines above a table, at most
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
NUMBERS = re.compile(rf"{NUMBER}(?:\s+{NUMBER})+")
MARKS = (";", "\t", "|", ",", None)


@dataclass(frozen=True, slots=True)
class Dialect:
    """``delimiter`` None: blanks. ``skip`` lines stand above the first row. ``remark`` holds names behind a ``#``."""

    delimiter: str | None
    width: int
    skip: int
    remark: tuple[str, ...] = ()
    doubtful: bool = False  # whether blanks part the lines as well as commas
    titles: int = 0  # of the lines above, those that are neither blank, nor a remark, nor ``sep=``


def judge_dialect(lines: Sequence[str], delimiter: str | None, *, whole: bool) -> Dialect | None:
    """Return how lines are laid out, None where there is no row; ``whole``: they are all lines of the file.

    A ``delimiter`` that is given is taken, " " for blanks.
    """
    skip, asked, remark = _above(lines)
    body = lines[skip:]
    if not any(line.strip() for line in body):
        return None
    chosen = delimiter if delimiter is not None else asked
    if chosen is not None:
        mark, doubtful = chosen.strip(" ") or None, False
        rows = _rows(body, mark)
    else:
        mark, doubtful, rows = _best_delimiter(body)
    if not whole and len(rows) > 1:
        rows.pop()  # it may be cut within quotes
    if not rows:
        return Dialect(mark, 1, skip)
    usual = Counter(len(fields) for _, fields in rows).most_common(1)[0][0]
    titles = _titles([fields for _, fields in rows], usual)
    if titles:
        skip, rows = skip + rows[titles][0] - 1, rows[titles:]
    width = max(_last(fields) for _, fields in rows if len(fields) == usual)
    names = tuple(next(split(iter([remark]), mark), (0, []))[1])
    named = len(names) == width and not any(map(is_number, names))
    return Dialect(mark, max(width, 1), skip, names if named else (), doubtful, titles)


def _above(lines: Sequence[str]) -> tuple[int, str | None, str]:
    """Return how many lines stand above the table, the delimiter that one of them names, and the last remark."""
    asked, remark = None, ""
    for skip, line in enumerate(lines):
        text = line.strip(" \r\n").strip('"')
        if found := re.fullmatch(r"sep=(.|\\t)", text, re.IGNORECASE):
            asked = "\t" if found[1] == r"\t" else found[1]
        elif text.startswith("#"):
            remark = text.lstrip("# ")
        elif text.strip():
            return skip, asked, remark
    return 0, None, ""  # nothing but remarks: then they are the rows


def _titles(rows: Sequence[Sequence[str]], usual: int) -> int:
    """Return how many first rows are titles: a single value where all others have several."""
    for at, fields in enumerate(rows[:TITLES]):
        alone = sum(map(bool, fields)) == 1 and usual > 1 and not is_number(fields[0])
        below = rows[at + 1] if at + 1 < len(rows) else ()
        padded = len(fields) == usual > 2 and bool(fields[0]) and not any(map(is_number, below)) and all(below)
        if not (alone and (len(fields) == 1 or padded)):
            return at
    return 0


def _last(fields: Sequence[str]) -> int:
    """Return the number of values up to the last that is not empty."""
    return next(k for k in range(len(fields), 0, -1) if fields[k - 1])


def _rows(lines: Sequence[str], mark: str | None) -> list[tuple[int, list[str]]]:
    """Return (line number, values) of the rows with a value."""
    return [(line, fields) for line, fields in split(iter(lines), mark) if fields]


def _best_delimiter(lines: Sequence[str]) -> tuple[str | None, bool, list[tuple[int, list[str]]]]:
    """Return what parts the values so that rows have one width and values no delimiter within, whether that is open,
    and the rows.

    Of 3,2 rooms and 5,1 rooms the comma parts as well as the blank.
    """
    scores: dict[str | None, float] = {}
    parted: dict[str | None, list[tuple[int, list[str]]]] = {}
    used: set[str] = set().union(*lines) - {"\n", "\r"}
    blanks = any(map(str.isspace, used))
    for mark in MARKS:
        if not (blanks if mark is None else mark in used):
            scores[mark] = 0.0
            continue
        parted[mark] = _rows(lines, mark)
        rows = [fields for _, fields in parted[mark]]
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        values = [value for row in rows for value in row]
        odd = _count_parted(values, mark)
        scores[mark] = 0.0 if width == 1 else count / len(rows) * (1 - odd / len(values)) ** 2
    best = max(scores, key=lambda mark: scores[mark])
    if not scores[best]:
        return ",", False, parted[","] if "," in parted else _rows(lines, ",")
    return best, best == "," and scores.get(None, 0) == scores[best], parted[best]


def _count_parted(values: Sequence[str], mark: str | None) -> int:
    """Return how many values another delimiter parts; none where no character of theirs could."""
    used = set("".join(values))
    if used.isdisjoint(';\t|,"') and not any(map(str.isspace, used)):
        return 0
    return sum(_parted(value, mark) for value in values)


def _parted(value: str, mark: str | None) -> bool:
    """Return whether another delimiter parts this value, more likely than it belongs to it."""
    others = set(";\t|") if mark else set(";|")
    if '"' in value:  # a quote that opens or closes no value
        return True
    if mark and value.count(",") > 1 and not like_number(value):
        return True
    return bool(others & set(value)) or (mark is None and value.endswith(",")) or bool(NUMBERS.fullmatch(value))
