"""The graph as two tables: forward in order of evaluation, backward from the output, one row a way of the gradient."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from nntrain.cli.output.figures import count
from nntrain.cli.output.terminal import DIM, Page, table
from nntrain.graph.agreement import Check, checks
from nntrain.graph.nodes import Node
from nntrain.graph.notation import Notation
from nntrain.graph.operations import Array
from nntrain.graph.trace import Edge, Trace

if TYPE_CHECKING:
    from rich.table import Table

ROOM = ((60, 10), (40, 8), (30, 6), (22, 6), (14, 4), (8, 1))  # columns and rows of an array, tried in turn
MEET = "paths that meet add up"
BLANK = "____"
COLUMNS = ("node", "into", "local", ">upstream", ">gradient", "rule", ">check")
PARTS = (COLUMNS, COLUMNS[:-1], ("node", "into", "local", ">gradient", "rule"))  # where there is no room for all
COMPOUND = re.compile(r"\W\w")  # more than a symbol that stands in the tables

Checks = Sequence[Check | None]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """How figures are written: in full with the check, or without them as blanks to be filled in."""

    trace: Trace
    spelling: Notation
    numbers: bool  # whether local derivatives that are arrays have their numbers
    checks: Checks | None

    def given(self, value: Array) -> str:
        return "\n".join(self.spelling.lines(value))

    def found(self, value: Array) -> str:
        """Return a figure that had to be worked out."""
        return BLANK if self.checks is None else self.given(value)

    def local(self, edge: Edge) -> str:
        """Return ∂target/∂source in symbols and, where the tables do not say it elsewhere, in numbers."""
        if self.checks is None:
            return BLANK
        text = self.spelling.line(edge.local)
        told = text == edge.derivative or text.endswith("‖")
        if edge.local.ndim:
            told = told or not (self.numbers and COMPOUND.search(edge.derivative))
        return edge.derivative if told else f"{edge.derivative} = {text}"

    def check(self, node: Node) -> str:
        check = self.checks[node.index] if self.checks else None
        if check is None:
            return ""
        return _size(check.error) if check.agrees else "kink" if check.tied else "DIFFERS"


def table_view(trace: Trace, title: str, page: Page) -> str:
    """Return both tables, the rules that were used, and what the numerical check says."""
    found = checks(trace)
    rules = [page.apply_style(line, DIM) for rule in _rules(trace) for line in _wrap(rule, page)]
    return "\n".join(
        [
            title,
            "",
            *_tables(trace, page, found),
            "",
            *rules,
            "",
            *(line for text in _verdict(trace, found) for line in _wrap(text, page)),
            "",
        ]
    )


def quiz_view(trace: Trace, title: str, page: Page) -> str:
    """Return both tables with a blank for every figure that has to be worked out."""
    task = "Fill in the blanks: the values from top to bottom, then the gradients from the output back."
    return "\n".join([title, *_wrap(task, page), "", *_tables(trace, page, None), ""])


def _tables(trace: Trace, page: Page, found: Checks | None) -> Iterator[str]:
    spellings = (Notation(wide=wide, high=high) for wide, high in ROOM)
    sheets = [_Sheet(trace, spelling, numbers, found) for spelling in spellings for numbers in (True, False)]
    yield page.apply_style("Forward, in order of evaluation", DIM)
    yield from _fit_page(page, (_forward(sheet) for sheet in sheets))
    yield ""
    output = trace.graph.nodes[trace.graph.output]
    if not output.varies:
        yield "There is no variable, and so no gradient."
        return
    yield page.apply_style(f"Backward: gradient = ∂{output.symbol}/∂node = local · upstream", DIM)
    parts = PARTS if found else PARTS[1:]  # without the check there are no errors to show
    yield from _fit_page(page, (_backward(sheet, columns) for sheet in sheets for columns in parts))


def _fit_page(page: Page, tables: "Iterable[Table]") -> list[str]:
    """Return the first table that the page is wide enough for, or else the last, folded."""
    from rich.console import Console
    from rich.measure import Measurement

    screen, room = Console(width=10_000), page.columns + 1  # the blank at the end of every line is not written
    for made in tables:
        made.padding = (0, 1, 0, 0)
        if Measurement.get(screen, screen.options, made).maximum <= room:
            break
    return replace(page, columns=room).drawn(made)[1:-1]  # without the empty lines around it


def _forward(sheet: _Sheet) -> "Table":
    rows = table("node", "expression", ">value")
    rows.columns[2].style = "cyan"
    for node in sheet.trace.graph.nodes:
        value = sheet.trace.values[node.index]
        if node.operation is not None:
            rows.add_row(node.symbol, node.expression, sheet.found(value))
        elif node.constant is None:
            rows.add_row(node.symbol, "given", sheet.given(value))
    return rows


def _backward(sheet: _Sheet, columns: Sequence[str]) -> "Table":
    rows = table(*columns)
    rows.columns[columns.index(">gradient")].style = "red"
    for node in reversed(sheet.trace.graph.nodes):
        if node.varies:
            for row in _ways(sheet, node):
                cells = dict(zip(COLUMNS, row, strict=True))
                rows.add_row(*(cells[column] for column in columns))
    return rows


def _ways(sheet: _Sheet, node: Node) -> Iterator[tuple[str, ...]]:
    """Yield a row for each way from a node to the output, and one for their sum."""
    ways = [edge for edge in sheet.trace.edges if edge.source == node.index]
    gradient, check = sheet.trace.gradients[node.index], sheet.check(node)
    for i, edge in enumerate(ways):
        into = sheet.trace.graph.nodes[edge.target].symbol
        figures = (sheet.found(edge.upstream), sheet.found(edge.contribution))
        rule = re.split("[:,]", edge.rule)[0]
        yield "" if i else node.symbol, into, sheet.local(edge), *figures, rule, "" if len(ways) > 1 else check
    if len(ways) > 1:
        yield "", "sum", "", "", sheet.found(gradient), MEET, check
    elif not ways:
        yield node.symbol, "", "", "", sheet.given(gradient), f"∂{node.symbol}/∂{node.symbol}", check


def _rules(trace: Trace) -> list[str]:
    """Return the rules that were used, in words."""
    return [rule for rule in dict.fromkeys(edge.rule for edge in trace.edges) if ":" in rule]


def _verdict(trace: Trace, found: Checks) -> Iterator[str]:
    """Yield what differences of the output say, a line for each node where they say something else."""
    known = [(node.symbol, check) for node, check in zip(trace.graph.nodes, found, strict=True) if check]
    agreeing = [check.error for _, check in known if check.agrees and check.error == check.error]
    tied = [name for name, check in known if check.tied and not check.agrees]
    wrong = [(name, check) for name, check in known if not check.tied and not check.agrees]
    if agreeing:
        probed, total = (sum(sizes) for sizes in zip(*((c.probed, c.numeric.size) for _, c in known), strict=True))
        where = f" in {count(probed)} of {count(total)} entries" if probed < total else ""
        yield f"check: differences of {_output(trace)} agree{where}, largest relative error {_size(max(agreeing))}"
    if tied:
        kinks = [f"{node.symbol} = {node.expression}" for node in (trace.graph.nodes[i] for i in trace.ties)]
        stands = "stands at its kink" if len(kinks) == 1 else "stand at their kinks"
        yield f"kink: the gradient of {', '.join(tied)} is one choice of several: {', '.join(kinks)} {stands}"
    for name, check in wrong:
        yield f"DIFFERS: {name}: relative error {_size(check.error)}: near a kink, coarse rounding, or a wrong rule"


def _size(error: float) -> str:
    """Return the size of an error, nothing where there is none to tell."""
    return "" if error != error else f"{error:.0e}" if error else "0"


def _wrap(text: str, page: Page) -> list[str]:
    return wrap(text, max(page.columns - 1, 30), subsequent_indent="  ", break_on_hyphens=False)


def _output(trace: Trace) -> str:
    return trace.graph.nodes[trace.graph.output].symbol
