"""The computational graph of the cost of one example under the network of a spec.

It is built from the formulas of layers, loss and penalty, and shares no code with training.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from nntrain.core.types import Array
from nntrain.errors import SpecError
from nntrain.graph import Builder, FormulaError, Graph, Trace, parse, trace_graph
from nntrain.network import Network
from nntrain.ops.penalties import Penalty
from nntrain.runs.assembly import Assembly, Prepared

OUTPUT_NAMES = {"x": "z", "z": "h"}  # the symbol of a layer's output, by the symbol of its input


@dataclass(frozen=True, slots=True, eq=False)
class NetworkGraph:
    """The graph of the cost of one example, and the parameters that its symbols stand for.

    ``parameters`` maps symbols such as ``W1`` to names such as ``layers.0.W``. ``x`` and ``t`` are the inputs and the
    encoded targets.
    """

    graph: Graph
    parameters: Mapping[str, str] = field(default_factory=dict)

    def trace(self, network: Network, x: Array, t: Array) -> Trace:
        """Evaluate the graph for one example x (n_in,), t (n_out,) at the parameters of the network."""
        tensors = dict(network.params.named(network.params.theta))
        values = {symbol: tensors[name] for symbol, name in self.parameters.items()} | {"x": x, "t": t}
        return trace_graph(self.graph, {name: values[name] for name in self.graph.variables})


def network_graph(network: Network, penalty: Penalty) -> NetworkGraph:
    """Return the graph of the cost J of one example; SpecError names a part that has no formula.

    z1 = W1 x + b1, h1 = f(z1), …. With a penalty J = L + R, where L is the loss and R the penalty of the weights.
    Dropout is left out.
    """
    builder = Builder()
    scores, parameters = _layers(builder, network)
    loss = network.loss.unweighted.expression(network.n_out)
    if not loss:
        raise SpecError(f"loss: {_kind(network.loss)} has no formula for the graph")
    cost = builder.insert(parse(loss), {"z": scores}, "L" if penalty else "J")
    if penalty:
        formula = " + ".join(_penalties(network, penalty, parameters)) or "0"
        cost = builder.apply("add", cost, builder.insert(parse(formula), {}, "R"), symbol="J")
    return NetworkGraph(builder.build(cost, "J"), parameters)


def _layers(builder: Builder, network: Network) -> tuple[int, dict[str, str]]:
    """Add the layers from x to the scores; return the node of the scores and symbol → name of the parameters."""
    node, number = builder.variable("x"), 0
    parameters: dict[str, str] = {}
    names = (name for name, _ in network.params.named(network.params.theta))
    for layer, shapes in zip(network.layers, network.params.shapes, strict=True):
        number += any(shape.weight for shape in shapes.values())
        formula = layer.expression()
        if not formula:
            raise SpecError(f"model: {_kind(layer)} has no formula for the graph")
        graph = parse(formula)
        own = {name: f"{name}{number}" for name in shapes}
        parameters |= {symbol: next(names) for symbol in own.values()}
        (given,) = (name for name in graph.variables if name not in own)
        places = {name: builder.variable(symbol) for name, symbol in own.items()}
        node = builder.insert(graph, {**places, given: node}, f"{OUTPUT_NAMES[given]}{number}")
    return node, parameters


def _penalties(network: Network, penalty: Penalty, parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield the penalty of each parameter that has one, as a formula of its symbol."""
    params = network.params
    factors = penalty.factors(params)
    shares = np.arange(params.size) < params.n_weights if factors is None else factors
    found = {name: float(share.flat[0]) for name, share in params.named(shares)}
    yield from (penalty.expression(symbol, found[name]) for symbol, name in parameters.items() if found[name])


def _kind(entry: object) -> str:
    return str(getattr(entry, "kind", type(entry).__name__.lower()))


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One training example evaluated on the graph of its network at the initial parameters."""

    trace: Trace
    network: NetworkGraph
    row: int
    target: str


def sample_graph(ready: Prepared, row: int) -> Sample:
    """Return the graph of row ``row`` (from 0) of the training part; SpecError when there is no such row."""
    assembly: Assembly = ready.assembly
    part = ready.data.train
    if not 0 <= row < len(part):
        raise SpecError(f"--sample: the training part has rows 0…{len(part) - 1}, got {row}")
    one = part.take(np.array([row]))
    if assembly.spec.data.sample_weight is not None:
        raise SpecError("graph: the weights of rows are not drawn; add --set data.sample_weight=null")
    t, _ = assembly.targets(one)
    network = assembly.network
    network.initialize(assembly.spec.seed)
    drawn = network_graph(network, assembly.spec.penalty)
    try:
        trace = drawn.trace(network, np.asarray(one.X)[0], t[0])
    except FormulaError as error:
        raise SpecError(f"graph: {error.message}") from None
    return Sample(trace, drawn, row, _target(assembly, one.y[0]))


def _target(assembly: Assembly, y: Array) -> str:
    names = assembly.facts.class_names
    return names[int(y)] if names and np.ndim(y) == 0 else ""
