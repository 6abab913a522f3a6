"""Writes a spec with a comment after each value that gives the reason for it. Knows nothing of what the values mean."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nntrain.spec.emit import inline

INDENT = 2
WIDEST = 40  # longest text of a line, in characters, up to which comments are aligned


@dataclass(frozen=True, slots=True)
class Line:
    """One key with its value, or with the lines of the block below it, and the reason for it."""

    key: str
    value: Any
    why: str = ""
    block: bool = False  # the value is a sequence of Lines


def block(key: str, *lines: Line | None, why: str = "") -> Line:
    """Return a key with lines below it, without those that are None."""
    return Line(key, tuple(line for line in lines if line is not None), why, block=True)


def write_commented(lines: Sequence[Line]) -> str:
    """Return the lines as YAML, with their comments aligned."""
    pairs = [pair for line in lines for pair in _flatten(line, 0)]
    if not all(why.isprintable() for _, why in pairs):
        raise ValueError("a comment is one line of printable text")
    width = max((len(text) for text, why in pairs if why and len(text) <= WIDEST), default=0)
    return "".join(f"{text:<{width}}  # {why}\n" if why else f"{text}\n" for text, why in pairs)


def _flatten(line: Line, indent: int) -> Iterator[tuple[str, str]]:
    """Yield (text, comment) of each line of the file."""
    start = f"{' ' * indent}{line.key}:"
    if not line.block:
        yield f"{start} {inline(line.value)}", line.why
        return
    if not indent:
        yield "", ""
    yield start, line.why
    for inner in line.value:
        yield from _flatten(inner, indent + INDENT)


def as_values(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the values of the lines as a dictionary that ``from_dict`` accepts."""
    return {line.key: as_values(line.value) if line.block else line.value for line in lines}


def map_values(lines: Sequence[Line], change: Callable[[Any], Any]) -> Sequence[Line]:
    """Return the lines with ``change`` applied to every value."""
    return [
        replace(line, value=tuple(map_values(line.value, change)) if line.block else change(line.value))
        for line in lines
    ]
