"""A trace of a graph as LaTeX: the values forward, then the chain rule backward with its numbers.

It writes two ``align*`` environments for a document with amsmath. Long sums are broken into lines, and matrices are in
brackets. Knows nothing of pictures.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from nntrain.graph.grammar import parse
from nntrain.graph.nodes import Node
from nntrain.graph.notation import number
from nntrain.graph.operations import ATOM, SIGN, SUM, Array
from nntrain.graph.rules import INPUTS
from nntrain.graph.trace import Edge, Trace

TRANSPOSED = "ᵀ"
GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "rho", "sigma", "tau", "phi", "omega"}
LARGE, HIGH = 24, 10  # most entries and rows of a matrix that is written in full
DIGITS = 3  # significant digits of its entries
NEXT, MORE = " \\\\\n&= ", " \\\\\n&\\quad + "


def latex(trace: Trace) -> str:
    """Return both passes as a fragment of LaTeX."""
    forward = [_forward(trace, node) for node in trace.graph.nodes if node.constant is None]
    backward = [_backward(trace, node) for node in reversed(trace.graph.nodes) if node.varies]
    return "\n".join([*_align("forward: values", forward), *_align("backward: the chain rule", backward), ""])


def _align(comment: str, equations: Sequence[str]) -> Iterator[str]:
    yield f"% {comment}"
    yield r"\begin{align*}"
    yield " \\\\\n".join(equations)
    yield r"\end{align*}"


def _forward(trace: Trace, node: Node) -> str:
    """Return ``q_1 &= x + y = -2 + 5 = 3``."""
    value, inputs = trace.values[node.index], [trace.graph.nodes[i] for i in node.inputs]
    steps = [_value(value)]
    if node.operation is not None:
        values = [trace.values[i] for i in node.inputs]
        if all(v.ndim == 0 for v in values):
            steps.insert(0, _apply(node, [(_value(v), bool(v < 0) or "^" in _value(v)) for v in values]))
        steps.insert(0, _apply(node, [(symbol(n.symbol), (n.constant or 0) < 0) for n in inputs]))
    return f"{symbol(node.symbol)} &= {' = '.join(dict.fromkeys(steps))}"


def _backward(trace: Trace, node: Node) -> str:
    """Return ``∂f/∂x &= ∂q_1/∂x ∂f/∂q_1 = z · -4 = …``, a sum over the users of the node."""
    gradient, ways = _value(trace.gradients[node.index]), [edge for edge in trace.edges if edge.source == node.index]
    left = rf"{_partial(trace, trace.graph.output, node.index)} &= "
    if not ways:
        return left + gradient
    rule = " + ".join(_chain_rule(trace, edge) for edge in ways)
    if len(ways) == 1 and ways[0].contribution.ndim:
        return f"{left}{rule} = {gradient}"
    between = NEXT if len(ways) > 1 else " = "
    plus, total = (MORE, NEXT) if ways[0].contribution.ndim > 1 else (" + ", " = ")
    return f"{left}{rule}{between}{plus.join(_numbers(edge) for edge in ways)}{total}{gradient}"


def _chain_rule(trace: Trace, edge: Edge) -> str:
    """Return the term of one edge in symbols; in a matrix product, the matrix keeps its side."""
    upstream = _partial(trace, trace.graph.output, edge.target)
    operation = trace.graph.nodes[edge.target].operation
    if operation is None or operation.chain is None:
        return rf"{_formula(edge.derivative)} {_times(edge)} {upstream}"
    if TRANSPOSED in edge.chain:
        return " ".join(upstream if word == "g" else symbol(word) for word in edge.chain.split())
    return rf"{upstream} \text{{{edge.chain.removeprefix('g')}}}"


def _numbers(edge: Edge) -> str:
    if edge.contribution.ndim:
        return _value(edge.contribution)
    return f"{_factor(edge.local)} {_times(edge)} {_factor(edge.upstream)}"


def _times(edge: Edge) -> str:
    return r"\odot" if edge.local.ndim and edge.upstream.ndim else r"\cdot"


def _partial(trace: Trace, over: int, under: int) -> str:
    top, bottom = (symbol(trace.graph.nodes[i].symbol) for i in (over, under))
    return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"


# --- formulas, symbols and numbers -----------------------------------------------------------------------------------


def _formula(text: str) -> str:
    """Return a formula of the graph's grammar as a factor in LaTeX."""
    graph = parse(text)
    written: list[str] = []
    for node in graph.nodes:
        if node.operation is None:
            written.append(symbol(node.symbol))
        else:
            least = node.operation.binding  # an input on the right must bind more tightly
            bindings = (_binding(graph.nodes[i]) - place for place, i in enumerate(node.inputs))
            texts = (written[i] for i in node.inputs)
            written.append(_apply(node, [(text, own < least) for text, own in zip(texts, bindings, strict=True)]))
    loose = _binding(graph.nodes[graph.output]) in (SUM, SIGN)
    return _bracket(written[graph.output]) if loose else written[graph.output]


def _apply(node: Node, inputs: Sequence[tuple[str, bool]]) -> str:
    """Return an operation on texts, each in brackets if it is loose and not yet enclosed."""
    assert node.operation is not None
    template, texts = node.operation.latex, {}
    for place, (text, loose) in zip(INPUTS, inputs, strict=False):
        enclosed = re.search(rf"(\{{\{{|[(|])\{{{place}\}}", template)
        texts[place] = _bracket(text) if loose and not enclosed else text
    return template.format(**texts)


def _binding(node: Node) -> int:
    """Return how tightly the text of a node binds."""
    return node.operation.binding if node.operation else SIGN if (node.constant or 0) < 0 else ATOM


def _bracket(text: str) -> str:
    return rf"\left({text}\right)"


def symbol(name: str) -> str:
    r"""Return a name as mathematics: ``w0`` and ``w_0`` as w_{0}, ``alpha`` as \alpha, longer words upright."""
    if name.endswith(TRANSPOSED):
        return symbol(name.removesuffix(TRANSPOSED)) + r"^\top"
    if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", name):
        return name
    word, digits = re.fullmatch(r"(.*?)_?(\d*)", name).groups()  # type: ignore[union-attr]  # matches anything
    base = _letters(word or "_")
    return f"{base}_{{{digits}}}" if digits else base


def _letters(word: str) -> str:
    spelled = unicodedata.name(word).split()[-1].lower() if len(word) == 1 else word
    if spelled in GREEK:
        return f"\\{spelled}"
    return word if len(word) == 1 and word != "_" else "\\mathrm{" + word.replace("_", "\\_") + "}"


def _factor(value: Array) -> str:
    """Return a factor of a product: a negative number is in brackets."""
    text = _value(value)
    return _bracket(text) if text.startswith("-") else text


def _value(value: Array) -> str:
    r"""Return a number, a matrix in brackets (a vector as a column), or only its shape and norm."""
    value = np.asarray(value)
    if value.ndim == 0:
        return _scientific(number(float(value)))
    if value.ndim < 3 and value.size <= LARGE and len(value) <= HIGH:
        rows = value[:, None] if value.ndim == 1 else value
        body = r" \\ ".join(" & ".join(_scientific(number(float(entry), DIGITS)) for entry in row) for row in rows)
        return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
    shape = r" \times ".join(map(str, value.shape))
    return rf"[{shape}],\ \lVert\cdot\rVert = {_scientific(number(float(np.linalg.norm(value.ravel()))))}"


def _scientific(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else text
