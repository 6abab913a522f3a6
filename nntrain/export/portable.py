"""A trained model apart from nntrain: its columns, its formulas, its output unit and its parameters as plain values.

A part that no formula describes is refused by its name. Knows nothing of the programs that it is written for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.core.types import Array, Task
from nntrain.data.formats.gaps import MEANT, USUAL_WORDS
from nntrain.errors import SpecError
from nntrain.graph import FormulaError, Graph, parse
from nntrain.ops.layers import Dense, Layer
from nntrain.ops.losses import Loss, Poisson, SigmoidCrossEntropy, SigmoidMse, SoftmaxCrossEntropy
from nntrain.runs.part_figures import target_names
from nntrain.runs.trained import Trained

UNITS: Mapping[Callable[..., Array], str] = {
    Loss.link: "identity",
    SoftmaxCrossEntropy.link: "softmax",
    SigmoidCrossEntropy.link: "sigmoid",
    SigmoidMse.link: "sigmoid",
    Poisson.link: "exp",
}


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What follows the layer before: a dense map with ``W`` (out, in) and perhaps ``b``, or a ``graph`` of z.

    ``tensors`` have their names in the checkpoint, by the names that the formula has for them.
    """

    graph: Graph | None
    tensors: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Portable:
    """A model as plain values: ``columns`` by name with the texts that each knows, () for numbers.

    ``fill`` has a number or a text for each column where missing values are filled in. ``shift`` and ``scale`` are (d,)
    or (1,) float64. ``unit`` is what makes predictions of scores. ``answers`` are the names of the predicted columns.
    """

    name: str
    task: Task
    dtype: str
    columns: Mapping[str, Sequence[str]]
    encodes: bool
    fill: Mapping[str, float | str]
    gaps: Sequence[str]
    shift: Array
    scale: Array
    stages: Sequence[Stage]
    tensors: Mapping[str, Array]
    unit: str
    threshold: float
    class_names: Sequence[str]
    answers: Sequence[str]
    target_shift: Array
    target_units: Array
    probabilities: bool
    outputs: int  # scores that the last layer gives

    @property
    def single(self) -> bool:
        """Whether one score decides between two classes."""
        return self.task == "classification" and self.outputs == 1


def portable(model: Trained) -> Portable:
    """Return a model as plain values. SpecError for a part that has no formula."""
    assembly, encoder, scaler = model.assembly, model.transform.encoder, model.transform.scaler
    network, facts, wanted = assembly.network, assembly.facts, model.wanted
    names = list(wanted.columns) or [f"x{k}" for k in range(wanted.width)]
    known = encoder.categories or ((),) * len(names)
    if len(set(names)) < len(names):
        raise SpecError("export: several columns of the model have the same name")
    words = getattr(assembly.spec.data.source, "words", None)
    gaps = tuple(words) if isinstance(words, tuple) else tuple(sorted(USUAL_WORDS - MEANT))
    classes = assembly.task == "classification"
    answers = facts.class_names if classes else target_names(assembly)
    if assembly.task == "reconstruction":
        answers = tuple(facts.feature_names) or tuple(f"y{k}" for k in range(network.n_out))
    return Portable(
        assembly.spec.name,
        assembly.task,
        str(network.dtype),
        dict(zip(names, known, strict=True)),
        bool(encoder),
        _fills(names, known, encoder.fill),
        tuple(dict.fromkeys(("", *gaps))),
        scaler.shift,
        scaler.scale,
        _stages(network.layers, network.params.shapes),
        {name: np.array(view) for name, view in network.params.named(network.params.theta)},
        _unit(assembly.loss),
        assembly.loss.threshold,
        facts.class_names if classes else (),
        answers,
        model.targets.shift,
        model.targets.units,
        model.gives_probabilities,
        network.n_out,
    )


def _fills(names: Sequence[str], known: Sequence[Sequence[str]], fill: Array) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    for name, texts, value in zip(names, known, fill.tolist() or [np.nan] * len(names), strict=True):
        if not np.isnan(value):
            found[name] = texts[int(value)] if texts else value
    return found


def _unit(loss: Loss) -> str:
    link: Any = type(loss).link
    if link not in UNITS:
        kind = getattr(loss, "kind", type(loss).__name__)
        raise SpecError(f"export: the output unit of the loss {kind} cannot be written for other programs")
    return UNITS[link]


def _stages(layers: Sequence[Layer], shapes: Sequence[Mapping[str, Any]]) -> list[Stage]:
    stages, index = [], 0
    for layer, own in zip(layers, shapes, strict=True):
        tensors = {name: f"layers.{index}.{name}" for name in own}
        index += bool(own)
        if isinstance(layer, Dense):
            stages.append(Stage(None, tensors))
            continue
        text = layer.expression()
        if text not in ("x", "z"):  # dropout and the identity change nothing
            stages.append(Stage(_graph(layer, text, tensors), tensors))
    return stages


def _graph(layer: Layer, text: str, tensors: Mapping[str, str]) -> Graph:
    """Return the graph of an activation; SpecError where it has none that works entry by entry."""
    kind = getattr(layer, "kind", type(layer).__name__)
    try:
        graph = parse(text) if text else None
    except FormulaError:
        graph = None
    strange = graph is None or not set(graph.variables) <= {"z", *tensors}
    joins = graph is not None and any(n.operation and n.operation.joins and n.operation.arity < 3 for n in graph.nodes)
    if graph is None or strange or joins:
        raise SpecError(f"export: the activation {kind} has no formula that other programs can be given")
    return graph
