"""The graph in the DOT language of Graphviz: values and gradients in the nodes, local derivatives on the edges.

Knows nothing of formulas as text.
"""

from collections.abc import Iterator

from nntrain.graph.nodes import Node
from nntrain.graph.notation import Notation
from nntrain.graph.trace import Trace

HEAD = """\
digraph {
  rankdir=LR;
  node [shape=plaintext, fontname="monospace", fontsize=11];
  edge [fontname="monospace", fontsize=9, color="#777777"];"""


def dot(trace: Trace, title: str) -> str:
    """Return the text of a DOT file."""
    return "\n".join([HEAD, f"  label={_quote(title)};", *_nodes(trace), *_edges(trace), "}", ""])


def _nodes(trace: Trace) -> Iterator[str]:
    spelling = Notation()
    for node in trace.graph.nodes:
        known = [(spelling.lines(trace.values[node.index]), "#0b5cad")]
        if node.varies:
            known.append((spelling.lines(trace.gradients[node.index]), "#c0392b"))
        rows = "".join(f'<TR><TD><FONT COLOR="{colour}">{_rows(lines)}</FONT></TD></TR>' for lines, colour in known)
        table = f'<TABLE BORDER="1" CELLBORDER="0" STYLE="ROUNDED"><TR><TD>{_text(_name(node))}</TD></TR>{rows}</TABLE>'
        yield f"  n{node.index} [label=<{table}>];"


def _name(node: Node) -> str:
    return node.symbol if node.operation is None else f"{node.symbol} = {node.expression}"


def _edges(trace: Trace) -> Iterator[str]:
    locals_ = {(edge.target, edge.position): edge.derivative for edge in trace.edges}
    for node in trace.graph.nodes:
        for position, source in enumerate(node.inputs):
            derivative = locals_.get((node.index, position))
            label = f" [label={_quote(derivative)}]" if derivative is not None else ""
            yield f"  n{source} -> n{node.index}{label};"


def _rows(lines: list[str]) -> str:
    return "<BR/>".join(_text(line) for line in lines)


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
