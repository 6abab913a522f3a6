"""The graph as a picture: operations joined by wires, with values above the wires and gradients below them in red.

It is a self-contained SVG, laid out from left to right. If several wires leave a node, each shows its part of the
gradient, and the node shows their sum. Constants have no box; they appear in the text of the operation that uses them.
Knows nothing of formulas as text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain, pairwise

from nntrain.graph.nodes import Node
from nntrain.graph.notation import Notation
from nntrain.graph.placement import Box, Layout, Link, Spot, place_in_layers
from nntrain.graph.trace import Edge, Trace

FONT = 13.0
ADVANCE = 0.61 * FONT  # width of one character: all fonts of STYLE are monospaced
LINE = 16.0
RADIUS = 15.0
PAD = 7.0  # space on each side of a text
MARGIN = 16.0
PORTS = 10.0  # distance between the ends of two wires at one node

STYLE = """\
text { font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 13px; fill: #222; }
.value { fill: #0b5cad; }
.gradient { fill: #c0392b; }
.part { fill: #c0392b; font-style: italic; }
.name, .note { fill: #666; font-size: 11px; }
.wire { fill: none; stroke: #888; stroke-width: 1.3; }
.shape { fill: #f3f3f0; stroke: #444; stroke-width: 1.2; }
.given { fill: none; stroke: none; }"""


@dataclass(frozen=True, slots=True)
class _Figure:
    """The drawing of one node: a shape with a text in it, its name above, and a wire with value and gradient."""

    node: Node
    text: str
    value: tuple[str, ...]
    gradient: tuple[str, ...]

    @property
    def width(self) -> float:
        """Width of the shape: a circle around a single sign, wider around longer texts."""
        return max(2 * RADIUS, _width(self.text) + 2 * PAD)

    @property
    def box(self) -> Box:
        """The room for shape, name and wire together."""
        named = LINE if self.node.operation else 0.0
        above, below = (LINE * len(lines) + 4 for lines in (self.value, self.gradient))
        wire = max(map(_width, (*self.value, *self.gradient))) + 2 * PAD
        return Box(self.width + wire, max(above, RADIUS + named), max(below, RADIUS))


@dataclass(frozen=True, slots=True)
class _Wire:
    """A wire from a node to one of its users; ``part`` is its part of the gradient if there are several wires."""

    source: int
    target: int
    position: int
    edge: Edge | None
    part: tuple[str, ...] = ()

    @property
    def label(self) -> Box | None:
        """The room for the part of the gradient, or None without one."""
        if not self.part:
            return None
        return Box(max(map(_width, self.part)) + 2 * PAD, 3.0, LINE * len(self.part) + 4)


def svg(trace: Trace, title: str) -> str:
    """Return the picture of a trace as the text of an SVG file."""
    spelling = Notation(wide=30)
    figures = {node.index: _figure(trace, node, spelling) for node in trace.graph.nodes if node.constant is None}
    wires = list(_wires(trace, spelling))
    place = {index: i for i, index in enumerate(figures)}
    links = [Link(place[wire.source], place[wire.target], wire.label) for wire in wires]
    layout = place_in_layers([figure.box for figure in figures.values()], links)
    spots = dict(zip(figures, layout.boxes, strict=True))
    lines = chain(
        *(_wire(trace, wire, route, figures, spots) for wire, route in zip(wires, layout.routes, strict=True)),
        *(_shape(figure, spots[index]) for index, figure in figures.items()),
    )
    return _page(title, _note(trace), layout, list(lines))


def _figure(trace: Trace, node: Node, spelling: Notation) -> _Figure:
    value, gradient = trace.values[node.index], trace.gradients[node.index]
    known = tuple(spelling.lines(gradient)) if node.varies else ("constant",)
    return _Figure(node, _text(trace, node), tuple(spelling.lines(value)), known)


def _text(trace: Trace, node: Node) -> str:
    """Return the text in the shape: the sign of the operation, or its expression if an input is a constant."""
    operation = node.operation
    if operation is None:
        return node.symbol
    with_number = any(trace.graph.nodes[i].constant is not None for i in node.inputs)
    alone = operation.infix and operation.arity == 1
    return node.expression if with_number or alone else operation.sign


def _wires(trace: Trace, spelling: Notation) -> Iterator[_Wire]:
    """Yield the wires in order of evaluation."""
    edges = {(edge.target, edge.position): edge for edge in trace.edges}
    ways = [edge.source for edge in trace.edges]
    for node in trace.graph.nodes:
        for position, source in enumerate(node.inputs):
            edge = edges.get((node.index, position))
            if edge is not None and ways.count(source) > 1:
                yield _Wire(source, node.index, position, edge, tuple(spelling.lines(edge.contribution)))
            elif trace.graph.nodes[source].constant is None:
                yield _Wire(source, node.index, position, edge)


# --- drawing ---------------------------------------------------------------------------------------------------------


def _shape(figure: _Figure, spot: Spot) -> Iterator[str]:
    given = figure.node.operation is None
    top, middle = spot.y - RADIUS, spot.x + figure.width / 2
    look = "given" if given else "shape"
    tip = figure.node.symbol if given else f"{figure.node.symbol} = {figure.node.expression}"
    yield f'<g><title>{escape(tip)}</title><rect class="{look}" x="{spot.x:.1f}" y="{top:.1f}" '
    yield f' width="{figure.width:.1f}" height="{2 * RADIUS:g}" rx="{RADIUS:g}"/>'
    yield _label(figure.text, middle, spot.y + 4.5, "") + "</g>"
    if not given:
        yield _label(figure.node.symbol, middle, top - 4, "name")
    start = spot.x + figure.width
    yield _path((start, spot.y), (spot.right, spot.y))
    middle = start + (figure.box.width - figure.width) / 2
    yield from _above(figure.value, middle, spot.y)
    yield from _below(figure.gradient, middle, spot.y, "gradient" if figure.node.varies else "name")


def _wire(
    trace: Trace, wire: _Wire, route: Sequence[Spot], figures: dict[int, _Figure], spots: dict[int, Spot]
) -> Iterator[str]:
    """Yield a wire that curves between layers and is straight within them."""
    start, end = spots[wire.source], spots[wire.target]
    points = [(start.right, start.y)]
    for spot in route:
        points += [(spot.x, spot.y), (spot.right, spot.y)]
    points.append(_port(trace, wire, end))
    yield f"<g><title>{escape(_tooltip(trace, wire))}</title>{_path(*points)}</g>"
    if wire.label is not None:
        yield from _below(wire.part, route[0].x + wire.label.width / 2, route[0].y, "part")


def _port(trace: Trace, wire: _Wire, end: Spot) -> tuple[float, float]:
    """Return where a wire meets the round end of its target; inputs are ordered from top to bottom."""
    inputs = [i for i in trace.graph.nodes[wire.target].inputs if trace.graph.nodes[i].constant is None]
    rank = wire.position if len(inputs) > 1 else 0
    down = PORTS * (rank - (len(inputs) - 1) / 2)
    return end.x + RADIUS - (RADIUS**2 - down**2) ** 0.5, end.y + down


def _tooltip(trace: Trace, wire: _Wire) -> str:
    """Return the text that is shown while the pointer is on a wire."""
    source, target = trace.graph.nodes[wire.source].symbol, trace.graph.nodes[wire.target].symbol
    if wire.edge is None:
        return f"{source} → {target}"
    spelling = Notation()
    local = spelling.line(wire.edge.local)
    named = f"{wire.edge.derivative} = {local}" if wire.edge.derivative != local else local
    return f"∂{target}/∂{source} = {named}; {wire.edge.rule}"


def _path(*points: tuple[float, float]) -> str:
    """Return a line through points: straight between equal heights, else S-shaped."""
    steps = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        curve = f"C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
        steps.append(f"H{x1:.1f}" if abs(y0 - y1) < 0.05 else curve)
    return f'<path class="wire" d="{" ".join(steps)}"/>'


def _above(lines: Sequence[str], x: float, y: float) -> Iterator[str]:
    for i, line in enumerate(reversed(lines)):
        yield _label(line, x, y - 5 - LINE * i, "value")


def _below(lines: Sequence[str], x: float, y: float, look: str) -> Iterator[str]:
    for i, line in enumerate(lines):
        yield _label(line, x, y + 14 + LINE * i, look)


def _label(text: str, x: float, y: float, look: str) -> str:
    apply_style = f' class="{look}"' if look else ""
    return f'<text{apply_style} x="{x:.1f}" y="{y:.1f}" text-anchor="middle" xml:space="preserve">{escape(text)}</text>'


def _width(text: str) -> float:
    return ADVANCE * len(text)


def _note(trace: Trace) -> str:
    output = trace.graph.nodes[trace.graph.output].symbol
    return f"blue, above a wire: value · red, below: gradient of {output}"


def _page(title: str, note: str, layout: Layout, lines: Sequence[str]) -> str:
    top = MARGIN + 2 * LINE
    width = max(layout.width, _width(title), _width(note)) + 2 * MARGIN
    height = top + layout.height + 2 * LINE + MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{STYLE}\n</style>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{MARGIN:g}" y="{MARGIN + 12:g}" xml:space="preserve">{escape(title)}</text>',
        f'<text class="note" x="{MARGIN:g}" y="{height - MARGIN:.1f}">{escape(note)}</text>',
        f'<g transform="translate({MARGIN:g},{top:g})">',
    ]
    return "\n".join([*head, *lines, "</g>", "</svg>", ""])
