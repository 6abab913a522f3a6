"""YAML 1.2 core, read strictly and with the place of every value.

``1e-3`` is a float; ``no``, ``017:30`` and ``2024-01-01`` are text. Duplicate keys, anchors, aliases, tags, keys that
are not text and documents that are large or deep are refused. The parser is PyYAML's pure Python one: the C one crashes
the process on 100 kB of brackets. Knows nothing of what the keys mean.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml

from nntrain.spec.tree import MAX_DEPTH, Broken, Entry, Mapping, Mark, Node, Origin, Problem, Scalar, Sequence

MAX_BYTES = 1 << 20
MAX_DIGITS = 100

_NOT_FINITE = {"inf": float("inf"), "+inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}
CORE_SCHEMA: tuple[tuple[str, re.Pattern[str], Callable[[str], Any]], ...] = (
    ("null", re.compile(r"null|Null|NULL|~|", re.ASCII), lambda text: None),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE", re.ASCII), lambda text: text.lower() == "true"),
    ("int", re.compile(r"[-+]?[0-9]+", re.ASCII), int),
    ("int", re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII), lambda text: int(text, 0)),
    ("float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII), float),
    (
        "float",
        re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII),
        lambda text: _NOT_FINITE[text.lower().replace(".", "")],
    ),
)


def is_number(text: str) -> bool:
    """Whether plain text reads as a number."""
    return any(tag in ("int", "float") and pattern.fullmatch(text) for tag, pattern, _ in CORE_SCHEMA)


class _HopelessError(Exception):
    """Raised where reading a document cannot go on."""


def parse(text: str, origin: Origin, path: str = "") -> tuple[Node, list[Problem]]:
    """Return the tree of the single document in ``text`` and every problem found; a hopeless document is ``Broken``.

    ``path`` is the dotted path of the value that ``text`` holds; an empty document is null.
    """
    start = Mark(origin)
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return _hopeless(Problem(start, path, f"longer than {MAX_BYTES:,} bytes (1 MiB)"))
    try:
        composer = _Composer(text, origin)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        code = error.character if isinstance(error.character, int) else ord(error.character)
        return _hopeless(Problem(Mark(origin, line, column), path, f"the character U+{code:04X} cannot stand in YAML"))
    try:
        return composer.document(path), composer.problems
    except yaml.MarkedYAMLError as error:
        return _hopeless(*composer.problems, Problem(composer.mark(error.problem_mark), "", _syntax(error)))
    except (ValueError, OverflowError):  # PyYAML on escapes beyond Unicode
        return _hopeless(*composer.problems, Problem(composer.mark(composer.get_mark()), "", "no such character"))
    except _HopelessError:
        return _hopeless(*composer.problems)


def _hopeless(*problems: Problem) -> tuple[Node, list[Problem]]:
    return Scalar(problems[-1].mark, Broken()), list(problems)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "cannot be read"
    if "'\\t'" in problem:
        problem = "a tab cannot indent; use spaces"
    where = f", line {error.context_mark.line + 1}" if error.context_mark else ""
    return f"not valid YAML: {problem}" + (f" ({error.context}{where})" if error.context else "")


class _Composer(yaml.SafeLoader):
    """PyYAML's scanner and parser; the tree is built here, from events."""

    def __init__(self, text: str, origin: Origin) -> None:
        super().__init__(text)
        self.origin = origin
        self.problems: list[Problem] = []

    def mark(self, mark: Any) -> Mark:
        return Mark(self.origin, mark.line + 1, mark.column + 1) if mark else Mark(self.origin)

    def take(self) -> Any:
        """Return the next event of the parser."""
        return self.get_event()  # type: ignore[no-untyped-call]

    def document(self, path: str) -> Node:
        """Build the only document of the stream."""
        self.take()  # stream start
        if self.check_event(yaml.StreamEndEvent):
            return Scalar(Mark(self.origin), None)
        self.take()  # document start
        node = self.node(path, 0)
        self.take()  # document end
        if not self.check_event(yaml.StreamEndEvent):
            self.complain(self.mark(self.take().start_mark), "", "a second document starts here; keep one a file")
        return node

    def node(self, path: str, depth: int) -> Node:
        """Build the next node; refuse what an event carries beyond its value."""
        event = self.take()
        mark = self.mark(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self.complain(mark, path, f"aliases are not allowed, got *{event.anchor}; write the value out")
            return Scalar(mark, Broken())
        before = len(self.problems)
        if event.anchor is not None:
            self.complain(mark, path, f"anchors are not allowed, got &{event.anchor}; use `extends` to share values")
        if event.tag is not None:
            self.complain(mark, path, f"tags are not allowed, got {event.tag}")
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, mark, path, tainted=len(self.problems) > before)
        if depth >= MAX_DEPTH:
            self.complain(mark, path, f"nested deeper than {MAX_DEPTH} levels")
            raise _HopelessError
        build = self.sequence if isinstance(event, yaml.SequenceStartEvent) else self.mapping
        return build(mark, path, depth + 1)

    def sequence(self, mark: Mark, path: str, depth: int) -> Sequence:
        items: list[Node] = []
        while not self.check_event(yaml.SequenceEndEvent):
            items.append(self.node(_join(path, str(len(items))), depth))
        self.take()
        return Sequence(mark, tuple(items))

    def mapping(self, mark: Mark, path: str, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not self.check_event(yaml.MappingEndEvent):
            known = len(self.problems)
            key = self.node(path, depth)
            name = key.value if isinstance(key, Scalar) else None
            value = self.node(_join(path, name) if isinstance(name, str) else path, depth)
            if isinstance(name, Broken) or (len(self.problems) > known and not isinstance(name, str)):
                continue
            if not isinstance(name, str):
                self.complain(key.mark, path, f"a key must be text, got {_shown_key(key)}")
            elif name in entries:
                first = entries[name].mark.line
                self.complain(key.mark, _join(path, name), f"written twice, first on line {first}; keep one")
            else:
                entries[name] = Entry(key.mark, value)
        self.take()
        return Mapping(mark, entries)

    def scalar(self, event: yaml.ScalarEvent, mark: Mark, path: str, *, tainted: bool) -> Scalar:
        """Read plain text by the core schema; quoted text is text."""
        text = event.value
        if tainted:
            return Scalar(mark, Broken())
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            self.complain(mark, path, "text must not hold NUL or half of a surrogate pair")
            return Scalar(mark, Broken())
        if not event.implicit[0]:
            return Scalar(mark, text)
        for _, pattern, read in CORE_SCHEMA:
            if pattern.fullmatch(text):
                if len(text) <= MAX_DIGITS:
                    return Scalar(mark, read(text))
                self.complain(mark, path, f"a number of {len(text)} characters is too long")
                return Scalar(mark, Broken())
        return Scalar(mark, text)

    def complain(self, mark: Mark, path: str, text: str) -> None:
        self.problems.append(Problem(mark, path, text))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shown_key(key: Node) -> str:
    match key:
        case Mapping():
            return "a mapping; curly braces that are no mapping need quotes"
        case Sequence():
            return "a list"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool() as value):
            return f"{str(value).lower()}; quote it"
        case Scalar(value=value):
            return f"{value}; quote it"
