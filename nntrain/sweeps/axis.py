"""One key that varies, and the values it takes: a list, or a range that is linear or logarithmic.

Values are trees with their places, so that what is wrong with one is said where it was written. Knows no key by name.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.errors import SpecError
from nntrain.spec.merge import OVERRIDES
from nntrain.spec.tree import Mapping, Mark, Node, Origin, Problem, Scalar, is_broken
from nntrain.spec.tree import Sequence as List
from nntrain.spec.yaml_tree import parse

SCALES = ("log", "linear")
DIGITS = 4  # of a value made from a range: short to read, and a finer grid meets a coarser one
MOST_VALUES = 100_000
SPAN = re.compile(rf"\s*({'|'.join(SCALES)})\s*\((.*)\)\s*", re.DOTALL)
EXAMPLES = "a list such as [0.1, 0.01], log(1e-3, 1, 7) or linear(0, 0.5, 6)"


@dataclass(frozen=True, slots=True)
class Span:
    """A range from ``low`` to ``high``, both included; a grid takes ``count`` values of it, evenly by ``scale``.

    ``whole`` ranges have whole numbers only.
    """

    scale: str
    low: float
    high: float
    count: int | None = None
    whole: bool = False

    def at(self, share: float) -> float:
        """Return the value at a share of the way, rounded to four digits; the ends are as they were written."""
        if share in (0.0, 1.0):
            return self._end(self.high if share else self.low)
        if self.scale == "log":
            return self.rounded(self.low * (self.high / self.low) ** share)  # low · (high/low)^share
        return self.rounded(self.low + share * (self.high - self.low))

    def rounded(self, value: float) -> float:
        """Return a value of the range with four digits; a whole number where both ends are and it is one."""
        short = min(max(float(f"{round(value) if self.whole else value:.{DIGITS}g}"), self.low), self.high)
        return int(short) if self.ends_are_whole and short == int(short) else float(short)

    def _end(self, value: float) -> float:
        return value if self.ends_are_whole else float(value)

    @property
    def ends_are_whole(self) -> bool:
        """Whether both ends are whole numbers, so that the values may be counts."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True, slots=True)
class Axis:
    """A dotted key, where it was written, and its values: ``span``, or else the list ``nodes``."""

    key: str
    mark: Mark
    nodes: Sequence[Node] = ()
    span: Span | None = None

    @property
    def path(self) -> str:
        """The key as messages name it beside its place; empty where the place itself is the key's option."""
        return self.key if self.mark.origin.is_file else ""

    def values(self) -> list[Node]:
        """Return the values of a grid, in order. SpecError when a range does not say how many there are."""
        if self.span is None:
            return list(self.nodes)
        if self.span.count is None:
            example = f"{self.span.scale}({self.span.low:g}, {self.span.high:g}, 7)"
            raise SpecError(str(Problem(self.mark, self.path, f"a grid needs a number of values, as in {example}")))
        return [self.scalar(self.span.at(i / (self.span.count - 1))) for i in range(self.span.count)]

    def draw(self, rng: np.random.Generator) -> Node:
        """Return a value at random: any of a list alike, anything in a range by its scale."""
        if self.span is None:
            return self.nodes[int(rng.integers(len(self.nodes)))]
        return self.scalar(self.span.at(float(rng.random())))

    @property
    def ends(self) -> tuple[float, ...]:
        """The ends of a range, as they were written; none of a list."""
        return () if self.span is None else (self.span.low, self.span.high)

    def scalar(self, value: float) -> Scalar:
        """Return a number as a tree, at the place of the axis."""
        return Scalar(self.mark, value)


def parse_axis(text: str) -> Axis:
    """Return the axis of ``key=values`` from a command line. SpecError with what is wrong."""
    key, equals, values = text.partition("=")
    key = key.strip()
    mark = Mark(Origin(f"--over {key or text}", Path.cwd(), OVERRIDES, is_file=False))
    if not (key and equals):
        raise SpecError(f"--over {text}: expected key=values, e.g. optimizer.lr='log(1e-3, 1, 7)'")
    if SPAN.fullmatch(values):
        return read_axis(key, Scalar(mark, values), mark)
    node, problems = parse(values, mark.origin)
    if problems:
        raise SpecError(*(str(problem) for problem in problems))
    return read_axis(key, node, mark)


def read_axis(key: str, node: Node, mark: Mark) -> Axis:
    """Return the axis of a key whose values are written as ``node``. SpecError with what is wrong."""
    path = "" if not mark.origin.is_file else key
    match node:
        case _ if is_broken(node):
            raise SpecError()  # its problem has been told
        case List(items=()):
            raise SpecError(str(Problem(mark, path, f"no values, got []; expected {EXAMPLES}")))
        case List(items=items):
            return Axis(key, mark, nodes=items)
        case Scalar(value=str() as text) if match := SPAN.fullmatch(text):
            ends, problems = parse(f"[{match[2]}]", mark.origin, path)
            if problems:
                raise SpecError(*(str(problem) for problem in problems))
            return Axis(key, mark, span=_span(match[1], ends, mark, path))
        case Mapping(entries=entries) if len(entries) == 1 and next(iter(entries)) in SCALES:
            scale, entry = next(iter(entries.items()))
            return Axis(key, mark, span=_span(scale, entry.node, mark, path))
        case Scalar(value=str() as text) if text.startswith(tuple(f"{scale}(" for scale in SCALES)):
            raise SpecError(str(Problem(mark, path, f"got {text!r}; a comma in braces parts values: quote 'log(…)'")))
        case Scalar(value=value):
            raise SpecError(str(Problem(mark, path, f"one value only, got {value!r}; expected {EXAMPLES}")))
    raise SpecError(str(Problem(mark, path, f"a mapping is no list of values; expected {EXAMPLES}")))


def _span(scale: str, node: Node, mark: Mark, path: str) -> Span:
    def wrong(text: str) -> SpecError:
        return SpecError(str(Problem(mark, path, f"{scale}: {text}")))

    items = node.items if isinstance(node, List) else ()
    numbers = [item.value for item in items if isinstance(item, Scalar)]
    if len(numbers) not in (2, 3) or len(numbers) != len(items):
        raise wrong("expected low, high and a number of values, as in (1e-3, 1, 7)")
    low, high, *count = numbers
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end):
            raise wrong(f"the ends must be finite numbers, got {end!r}")
    if not low < high:
        raise wrong(f"the low end comes first, got {low:g}, {high:g}")
    if scale == "log" and low <= 0:
        raise wrong(f"both ends must be above 0, got {low:g}")
    if count and (type(count[0]) is not int or not 2 <= count[0] <= MOST_VALUES):
        raise wrong(f"the number of values must be a whole number from 2 to {MOST_VALUES:,}, got {count[0]!r}")
    return Span(scale, low, high, *count)
