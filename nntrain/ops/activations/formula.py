"""An activation that the spec writes itself: f is a formula, f′ comes from its computational graph.

The graph of f and f′, which share what they have in common, is laid out once as a list of recorded calls; a block is
used again when its value is no longer needed. So a step allocates nothing and asks the graph nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.graph import OPERATIONS, FormulaError, Graph, Node, Operation, evaluate, parse, trace_graph, with_slope
from nntrain.ops.activations.base import ACTIVATIONS, Activation
from nntrain.ops.layers import Backward, Context
from nntrain.ops.stable import sigmoid, softplus

TRIED = (0.0, 1.0, -1.0, 10.0, -10.0)  # where a formula must have a value and a slope
FAR = 20.0  # where a formula shows whether it belongs to the ReLU family

Operand: TypeAlias = Any  # a block, or a number


@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class Formula(Activation):
    """Any elementwise formula of z, its derivative from the computational graph.

    Against silu, gelu, elu, tanh and relu written as formulas: 1.0 to 1.5 times as long, forward and backward, for
    blocks of 32 × 64 to 256 × 512 (measured).
    """

    kind: Literal["formula"] = "formula"
    formula: ClassVar[str] = "h = f(z), for example f: z * sigmoid(z)"
    f: str = "z * sigmoid(z)"

    @property
    def rectified(self) -> bool:  # type: ignore[override]  # it depends on the formula
        """Whether it passes what is far above 0 and stops most of what is far below."""
        low, high = np.abs(self.at(np.array([-FAR, FAR])))
        return bool(high > FAR / 2 > low)

    @property
    def smooth(self) -> bool:
        """Whether no operation of the formula has a kink."""
        return not any(node.operation and node.operation.switch for node in parse(self.f).nodes)

    def problems(self) -> Sequence[tuple[tuple[str, ...], str]]:
        """Return what is wrong with the formula, with the column in it."""
        try:
            _layout(self.f)
            for z in TRIED:
                trace_graph(parse(self.f), {"z": z})
        except FormulaError as error:
            place = f"column {error.column}: " if error.column else ""
            return [(("f",), f"{place}{error.message}")]
        return ()

    def at(self, z: Array) -> Array:
        """Return f(z), any shape."""
        return np.broadcast_to(evaluate(parse(self.f), {"z": z}), z.shape)

    def slope_at(self, z: Array) -> Array:
        """Return f′(z), any shape."""
        return np.broadcast_to(evaluate(with_slope(parse(self.f))[0], {"z": z}), z.shape)

    def expression(self) -> str:
        return self.f

    def bind(self, do: Calls, x: Array, p: SimpleNamespace, g: SimpleNamespace, ctx: Context) -> tuple[Array, Backward]:
        layout = _layout(self.f)
        blocks = [ctx.ws.like(x) for _ in range(layout.n_blocks)]
        operands = layout.operands(x, blocks)

        layout.record(do, layout.forward, operands, blocks)

        def backward(do: Calls, d: Array) -> Array:
            layout.record(do, layout.backward, operands, blocks)
            do(np.multiply, d, operands[layout.graph.output], out=d)  # d f′
            return d

        return operands[layout.value], backward


@dataclass(frozen=True, slots=True)
class _Step:
    """One operation: of which results it is made, and which result it is."""

    operation: Operation
    inputs: tuple[int, ...]
    result: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """The operations of f (``forward``) and the further ones of f′ (``backward``), and in which block each result is.

    ``graph`` ends in f′ and has f at ``value``; block 0 is scratch.
    """

    graph: Graph
    value: int
    forward: Sequence[_Step]
    backward: Sequence[_Step]
    block: dict[int, int]
    n_blocks: int

    def operands(self, z: Array, blocks: Sequence[Array]) -> list[Operand]:
        """Return what each node is at run time: z, a number, or its block."""
        return [
            z if node.is_variable else blocks[self.block[node.index]] if node.varies else _number(self.graph, node)
            for node in self.graph.nodes
        ]

    def record(self, do: Calls, steps: Sequence[_Step], operands: Sequence[Operand], blocks: Sequence[Array]) -> None:
        """Record some of the operations."""
        for step in steps:
            inputs, out = [operands[i] for i in step.inputs], operands[step.result]
            special = _SPECIAL.get(step.operation.name)
            if special:
                special(do, inputs, blocks[0], out)
            else:
                do(step.operation.evaluate, *inputs, out=out)


@lru_cache(maxsize=256)
def _layout(text: str) -> _Layout:
    """Lay out a formula; raises ``FormulaError`` for one that cannot be read or is no elementwise formula of z."""
    parsed = parse(text)
    stranger = next((node for node in parsed.nodes if node.is_variable and node.symbol != "z"), None)
    if stranger:
        raise FormulaError(f"unknown variable '{stranger.symbol}'; the only one is z", stranger.column)
    if not parsed.nodes[parsed.output].varies:
        raise FormulaError("does not depend on z", 1)
    graph, value = with_slope(parsed)
    needed = {value}
    for node in reversed(graph.nodes):
        needed.update(node.inputs if node.index in needed else ())
    work = [_Step(node.operation, node.inputs, node.index) for node in graph.nodes if node.operation and node.varies]
    forward = [step for step in work if step.result in needed]
    backward = [step for step in work if step.result not in needed]
    block, n_blocks = _shared_blocks(graph, [*forward, *backward], value)
    return _Layout(graph, value, forward, backward, block, n_blocks)


def _shared_blocks(graph: Graph, steps: Sequence[_Step], value: int) -> tuple[dict[int, int], int]:
    """Return a block for every result, and how many there are; f and f′ keep theirs."""
    last = {i: place for place, step in enumerate(steps) for i in step.inputs}
    block: dict[int, int] = {}
    free: list[int] = []
    n_blocks = 1
    for place, step in enumerate(steps):
        if not free:
            free.append(n_blocks)
            n_blocks += 1
        block[step.result] = free.pop()
        done = {i for i in step.inputs if i in block and last[i] == place}
        free += [block[i] for i in done - {value, graph.output}]
    return block, n_blocks


def _number(graph: Graph, node: Node) -> float:
    """Return the value of a node without z."""
    return float(evaluate(Graph(graph.nodes, node.index), {"z": np.zeros(())}))


def _power(do: Calls, inputs: Sequence[Operand], s: Array, out: Array) -> None:
    """Record out = a ** n, small whole powers as products."""
    a, exponent = inputs
    n = exponent if isinstance(exponent, float) else None
    if n == 2:
        do(np.multiply, a, a, out=out)
    elif n == 3:
        do(np.multiply, a, a, out=s)
        do(np.multiply, s, a, out=out)
    else:
        do(OPERATIONS["pow"].evaluate, *inputs, out=out)


def _sigmoid(do: Calls, inputs: Sequence[Operand], s: Array, out: Array) -> None:
    (a,) = inputs
    sigmoid(do, a, out=out)


def _softplus(do: Calls, inputs: Sequence[Operand], s: Array, out: Array) -> None:
    (a,) = inputs
    softplus(do, a, s, out=out)


def _relu(do: Calls, inputs: Sequence[Operand], s: Array, out: Array) -> None:
    do(np.maximum, *inputs, 0.0, out=out)


def _step(do: Calls, inputs: Sequence[Operand], s: Array, out: Array) -> None:
    do(np.greater, *inputs, 0.0, out=out)


# What is more than one NumPy function, as recorded calls with scratch s.
_SPECIAL: dict[str, Callable[[Calls, Sequence[Operand], Array, Array], None]] = {
    "pow": _power,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "relu": _relu,
    "step": _step,
}
