"""Made files of known truth in every mixture of dialects: the truth is read, or refused, or read otherwise with a note.

The short version runs always, ``-m slow`` makes 6,000 files.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.tables.text_table import TextTable
from nntrain.errors import DataError

WORDS = ("red", "green", "blue", "old town", "north star", "x y", "Köln")


@dataclass(frozen=True)
class Made:
    """A file, and what stands in it: names (() without a header), columns of numbers or texts, None where missing."""

    content: bytes
    names: tuple[str, ...]
    columns: Sequence[Sequence[Any]]
    traits: tuple[str, ...]


def choose(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def group(whole: str, mark: str) -> str:
    """Return digits in groups of three."""
    head = len(whole) % 3 or 3
    return mark.join([whole[:head], *(whole[k : k + 3] for k in range(head, len(whole), 3))])


def number(rng: np.random.Generator, kind: str, decimal: str, thousands: str) -> tuple[float, str]:
    """Return a number and how it is written."""
    if kind == "small":
        value = round(float(rng.normal()) * 3, 2)
        return value, f"{value:.2f}".replace(".", decimal)
    if kind == "class":
        whole = int(rng.integers(3))
        return whole, str(whole)
    whole = int(10 ** rng.uniform(1, 6.5))
    text = group(str(whole), thousands) if thousands else str(whole)
    if kind == "money":
        cents = int(rng.integers(100))
        return whole + cents / 100, f"{text}{decimal}{cents:02d}"
    return whole, text


def make(seed: int) -> Made:
    """Make a file."""
    rng = np.random.default_rng(seed)
    delimiter = choose(rng, ",", ";", "\t", "|", " ")
    decimal = choose(rng, ".", ".", ",") if delimiter != "," else "."
    grouping = choose(rng, "", "", "," if decimal == "." else ".", "'") if delimiter != " " else ""
    kinds = [choose(rng, "small", "small", "whole", "money", "text", "text") for _ in range(int(rng.integers(2, 6)))]
    kinds[int(rng.integers(len(kinds)))] = choose(rng, "class", "text", "small")
    index, n = bool(rng.integers(6) == 0), int(rng.integers(8, 60))
    quoting, gap = choose(rng, "needed", "needed", "texts", "all"), choose(rng, None, None, "", "NA", "?")
    gap = None if gap == "" and delimiter == " " and quoting != "all" else gap
    header = choose(rng, "words", "words", "words", "none", "counting", "years", "quoted")
    columns, written = [], []
    for k, kind in enumerate(kinds):
        if kind == "text":
            some = [str(word) for word in rng.choice(WORDS, 3, replace=False)]
            pairs = [(word, word) for word in rng.choice(some, n).tolist()]
        else:
            pairs = [number(rng, kind, decimal, grouping) for _ in range(n)]
        for row in range(n):
            if gap is not None and k and rng.integers(8) == 0:
                pairs[row] = (None, gap)
        columns.append([value for value, _ in pairs])
        written.append([text for _, text in pairs])
    named = [f"name {k}" if quoting != "needed" or delimiter != " " else f"n{k}" for k in range(len(kinds))]
    if header == "counting":
        named = [str(k) for k in range(len(kinds))]
    if header == "years":
        named = [str(2015 + k) for k in range(len(kinds))]
    if index:
        columns.insert(0, [float(k) for k in range(n)])
        written.insert(0, [str(k) for k in range(n)])
        named.insert(0, "" if delimiter != " " else '""')
        kinds.insert(0, "index")
    blank = " " if delimiter in ",;" and rng.integers(4) == 0 else ""
    apart = delimiter if delimiter != " " else choose(rng, " ", "   ", " \t")

    def cell(text: str, is_text: bool) -> str:
        must = any(mark in text for mark in (delimiter, '"', "\n")) or (delimiter == " " and not text)
        wanted = quoting == "all" or (quoting == "texts" and is_text)
        return f'"{text}"' if (must or wanted) and text != '""' else text

    def line(cells: Sequence[str], kinds: Sequence[str]) -> str:
        parts = [cell(text, kind == "text") for text, kind in zip(cells, kinds, strict=True)]
        return (apart + blank).join(parts)

    lines = [line(row, kinds) for row in zip(*written, strict=True)]
    if header != "none":
        lines.insert(0, line(named, ["text"] * len(named)))
    above = choose(rng, [], [], [], ["# made by hand"], ["# a remark", ""], ["sep="], [""])
    above = [f"sep={delimiter}"] if above == ["sep="] and delimiter in ",;|" else [a for a in above if a != "sep="]
    tail = choose(rng, "", "", "", delimiter) if delimiter in ";|" else ""
    lines = [*above, *(text + tail for text in lines)]
    if rng.integers(6) == 0:
        lines.insert(int(rng.integers(len(above) + 1, len(lines) + 1)), choose(rng, "", "   "))
    if rng.integers(8) == 0 and delimiter in ";,|":
        lines.append(delimiter * len(kinds))
    encoding = choose(rng, "utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252")
    content = (choose(rng, "\n", "\r\n").join(lines) + choose(rng, "\n", "")).encode(encoding)
    names = tuple("" if name == '""' else name for name in named) if header != "none" else ()
    traits = (repr(delimiter), f"decimal {decimal}", f"thousands {grouping!r}", f"header {header}", f"quotes {quoting}")
    return Made(content, names, columns, (*traits, f"gap {gap!r}", encoding, f"index {index}", f"above {above}"))


def judge(made: Made, path: Path) -> str:
    """Return ``read``, ``refused``, ``noted`` or ``silent``: what became of a file."""
    path.write_bytes(made.content)
    try:
        table = TextTable.open(path)
        columns = table.columns()
    except DataError as error:
        return "refused" if str(error).startswith(f"{path}:") else "without a place"
    same = table.names == made.names and len(columns) == len(made.columns)
    same = same and all(alike(column, truth) for column, truth in zip(columns, made.columns, strict=True))
    return "read" if same else "noted" if table.notes else "silent"


def alike(column: Any, truth: Sequence[Any]) -> bool:
    """Return whether a column holds these values; a column of nothing but gaps may be of either kind."""
    if len(column) != len(truth):
        return False
    if column.is_text:
        return [column.texts[code] if code >= 0 else None for code in column.values.tolist()] == list(truth)
    if any(isinstance(value, str) for value in truth):
        return False
    numbers = np.array([np.nan if value is None else value for value in truth], np.float64)
    return bool(np.array_equal(column.values, numbers, equal_nan=True))


def fuzz(count: int, first: int, folder: Path) -> tuple[Counter[str], list[Made]]:
    """Return how many files came to which end, and those that were read otherwise in silence."""
    ends: Counter[str] = Counter()
    silent = []
    for seed in range(first, first + count):
        made = make(seed)
        end = judge(made, folder / "made.csv")
        ends[end] += 1
        if end == "silent":
            silent.append(made)
    return ends, silent


@pytest.mark.parametrize(("count", "first"), [(300, 0), pytest.param(6000, 1000, marks=pytest.mark.slow)])
def test_no_made_file_is_read_otherwise_in_silence(
    tmp_path: Path, record_property: Callable[[str, object], None], count: int, first: int
) -> None:
    ends, silent = fuzz(count, first, tmp_path)
    record_property("ends", dict(ends))  # shown by --junit-xml, with -o junit_family=xunit1
    assert not silent, [(made.traits, made.content.decode(made.traits[6])[:300]) for made in silent[:3]]
    assert set(ends) <= {"read", "refused", "noted"}
    assert ends["read"] >= 0.9 * count
