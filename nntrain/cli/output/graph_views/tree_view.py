"""The graph as a tree drawn in the terminal, from the output down to what is given, value and gradient beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

from nntrain.cli.output.terminal import BOLD, CYAN, RED, Page
from nntrain.graph.nodes import Node
from nntrain.graph.notation import Notation
from nntrain.graph.trace import Trace

BRANCHES = ("├─ ", "└─ ", "│  ", "   ")
NARROW = ("├ ", "└ ", "│ ", "  ")
PLAIN = str.maketrans("├└│─", "|`|-")
ROOM = (32, 20, 14, 8)  # columns of an array on one line
WAYS = (  # to draw, tried in turn: room for an array, branches, whether names have their expressions
    *((room, branches, True) for room in ROOM for branches in (BRANCHES, NARROW)),
    (ROOM[-1], NARROW, False),
)
LEAST = 12  # columns that the names of the nodes need


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    value: str
    gradient: str


def tree_view(trace: Trace, title: str, page: Page) -> str:
    """Return the tree; a node that is used twice is drawn where it comes first, and named where it comes again."""
    for room, branches, full in WAYS:
        rows = list(_rows(trace, Notation(wide=room, high=1), branches, full=full))
        widths = _widths(rows)
        if sum(widths) + 4 <= page.columns:
            return _text(rows, widths, title, page)
    names = max(LEAST, page.columns - widths[1] - widths[2] - 4)
    return _text(rows, (names, *widths[1:]), title, page)


def _widths(rows: list[_Row]) -> tuple[int, int, int]:
    columns = zip(*((row.name, row.value, row.gradient) for row in rows), strict=True)
    name, value, gradient = (max(map(len, column)) for column in columns)
    return name, value, gradient


def _text(rows: list[_Row], widths: tuple[int, int, int], title: str, page: Page) -> str:
    head, *rest = rows
    lines = [
        title,
        "",
        page.apply_style(_line(head, widths, Page()), BOLD),
        *(_line(row, widths, page) for row in rest),
        "",
    ]
    text = "\n".join(lines)
    return text if page.unicode else text.translate(PLAIN)


def _line(row: _Row, widths: tuple[int, int, int], page: Page) -> str:
    first, second, third = widths
    name = row.name if len(row.name) <= first else row.name[: first - 1] + "…"
    value = page.apply_style(f"{row.value:>{second}}", CYAN)
    return f"{name:<{first}}  {value}  {page.apply_style(f'{row.gradient:>{third}}', RED)}".rstrip()


def _rows(trace: Trace, spelling: Notation, branches: tuple[str, ...], *, full: bool) -> Iterator[_Row]:
    """Yield the head, then every node below its user."""
    yield _Row("", "value", "gradient")
    seen: set[int] = set()
    fork, end, past, after = branches

    def below(node: Node, mark: str, indent: str) -> Iterator[_Row]:
        again = node.index in seen and node.operation is not None
        seen.add(node.index)
        gradient = spelling.line(trace.gradients[node.index]) if node.varies else ""
        yield _Row(
            indent + mark + _name(node, again=again, full=full), spelling.line(trace.values[node.index]), gradient
        )
        deeper = indent + {"": "", fork: past, end: after}[mark]
        inputs = [trace.graph.nodes[i] for i in ([] if again else node.inputs)]
        shown = [inner for inner in inputs if inner.constant is None]
        for place, inner in enumerate(shown, 1):
            yield from below(inner, end if place == len(shown) else fork, deeper)

    yield from below(trace.graph.nodes[trace.graph.output], "", "")


def _name(node: Node, *, again: bool, full: bool) -> str:
    if node.operation is None or not (full or again):
        return node.symbol
    return f"{node.symbol}, see above" if again else f"{node.symbol} = {node.expression}"
