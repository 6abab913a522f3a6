"""The walk through the graph, node by node: forward the values, then backward the gradients, at the reader's pace."""

import re
import sys
from collections.abc import Iterator

from nntrain.cli.output.graph_views.table import MEET
from nntrain.cli.output.terminal import BOLD, CYAN, DIM, RED, ClosedPipe, Page, is_live, out
from nntrain.errors import SpecError
from nntrain.graph.nodes import Node
from nntrain.graph.notation import Notation
from nntrain.graph.trace import Edge, Trace

HINT = "Enter goes on, Ctrl-D leaves"
SPELLING = Notation(wide=48, high=1)


def walk(trace: Trace, title: str) -> None:
    """Show one node at a time and wait for Enter after each; Ctrl-D ends the walk."""
    if not (is_live(sys.stdin) and is_live(sys.stdout)):
        raise SpecError("--step: there is no terminal to wait at; the table without --step has every step")
    page = Page.stdout()
    out(title)
    out(page.apply_style(HINT, DIM))
    for *above, last in steps(trace, page):
        for line in above:
            out(line)
        if not _goes_on_after(last):
            return


def _goes_on_after(line: str) -> bool:
    """Show a line and wait at its end for Enter, which ends it; tell whether the reader wants to go on."""
    try:
        print(line, end=" ", flush=True)
    except BrokenPipeError:
        raise ClosedPipe from None
    answered = bool(sys.stdin.readline())
    if not answered:
        out()
    return answered


def steps(trace: Trace, page: Page) -> Iterator[list[str]]:
    """Yield the lines of each step; the last is where the reader is waited for."""
    nodes = [node for node in trace.graph.nodes if node.constant is None]
    head = ["", page.apply_style("Forward", BOLD)]
    for node in nodes:
        yield [*head, _forward(trace, node, page)]
        head = []
    head = ["", page.apply_style("Backward", BOLD)]
    for node in reversed(nodes):
        if node.varies:
            yield [*head, *_backward(trace, node, page)]
            head = []


def _forward(trace: Trace, node: Node, page: Page) -> str:
    """Return ``q1 = x + y = 3``."""
    value = page.apply_style(SPELLING.line(trace.values[node.index]), CYAN)
    parts = [node.symbol, value] if node.operation is None else [node.symbol, node.expression, value]
    return " " + " = ".join(parts)


def _backward(trace: Trace, node: Node, page: Page) -> Iterator[str]:
    """Yield ``∂f/∂x = ∂f/∂q1 * y = -4 · 3 = -12`` and its rule; where several ways meet, each of them and their sum."""
    left = f" {_partial(trace, node.index)} ="
    gradient = page.apply_style(SPELLING.line(trace.gradients[node.index]), RED)
    ways = [edge for edge in trace.edges if edge.source == node.index]
    if not ways:
        yield f"{left} {gradient}"
    elif len(ways) == 1:
        yield f"{left} {_chain_rule(trace, ways[0])} = {gradient}"
        yield page.apply_style(f"   {ways[0].rule}", DIM)
    else:
        for edge in ways:
            into, part = trace.graph.nodes[edge.target].symbol, SPELLING.line(edge.contribution)
            yield f" {node.symbol} into {into}: {_chain_rule(trace, edge)} = {part}"
            yield page.apply_style(f"   {edge.rule}", DIM)
        yield f"{left} {' + '.join(SPELLING.line(edge.contribution) for edge in ways)} = {gradient}"
        yield page.apply_style(f"   {MEET}", DIM)


def _chain_rule(trace: Trace, edge: Edge) -> str:
    """Return the chain rule of one way in symbols, and where it is one of numbers in numbers."""
    symbols = re.sub(r"\bg\b", _partial(trace, edge.target), edge.chain, count=1)
    if edge.local.ndim or edge.upstream.ndim:
        return symbols
    return f"{symbols} = {SPELLING.line(edge.upstream)} · {SPELLING.line(edge.local)}"


def _partial(trace: Trace, index: int) -> str:
    return f"∂{trace.graph.nodes[trace.graph.output].symbol}/∂{trace.graph.nodes[index].symbol}"
