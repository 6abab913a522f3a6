"""Finds where a wrong gradient comes from: checks every part by itself, from the cost back to the inputs.

A mistake makes all gradients below it wrong, so the gradients of the parameters alone do not show its place. Each part
therefore gets the inputs that it has in the network and a random upstream gradient, and the gradients that it returns
are compared with differences of its own values. Knows nothing of specs or files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.gradcheck.bugs.catalogue import BUGS, Evidence
from nntrain.gradcheck.numeric import Options, Report
from nntrain.gradcheck.stages import INPUTS, OneLayer, OneLoss, OnePenalty, compare_stage
from nntrain.gradcheck.subject import Subject
from nntrain.ops.activations import Activation
from nntrain.ops.layers import Dropout, Layer
from nntrain.ops.losses import Loss

PROBES = 64  # entries of each tensor that are compared


@dataclass(frozen=True, slots=True)
class Finding:
    """One wrong gradient of a part: its place in words, the cause, and the kind of the bug if it is a known one."""

    where: str
    report: Report
    cause: str
    bug: str | None


class Diagnosis:
    """The check of all parts of a network, each by itself."""

    def __init__(self, subject: Subject, options: Options) -> None:
        self.subject, self.network = subject, subject.network
        self.options = replace(options, probes=PROBES, method="complex")
        self.layers: list[OneLayer] = []
        x = subject.X
        for index, (layer, p) in enumerate(zip(subject.engine.layers, self.network.params.values, strict=True)):
            rng = generator(subject.seed, Stream.PROBE, index)
            shape = len(x), layer.n_out(x.shape[1])
            d = rng.uniform(0.5, 1.5, shape) * rng.choice((-1.0, 1.0), shape)
            self.layers.append(OneLayer(layer, x, vars(p), d, seed=subject.seed))
            self.layers[-1].value()
            x = np.array(self.layers[-1].output, order="C")
        self.scores = x

    def findings(self) -> Iterator[Finding]:
        """Yield every wrong gradient, from the cost back; nothing if every part is right by itself."""
        for where, evidence in self._parts():
            if not evidence.report.agrees:
                bug, cause = explain(evidence)
                yield Finding(where, evidence.report, cause, bug)

    def _parts(self) -> Iterator[tuple[str, Evidence]]:
        """Yield the place in words and the evidence for every gradient, from the cost back."""
        subject, network, rows = self.subject, self.network, len(self.subject.X)
        if subject.engine_penalty:
            factors = subject.penalty.factors(network.params)
            w = network.params.theta[: network.params.n_weights] if factors is None else network.params.theta
            penalty = OnePenalty(subject.engine_penalty, w, factors)
            for tensor, gradient, report in compare_stage(penalty, self.options):
                yield "the penalty", Evidence(subject.penalty, tensor, gradient, report, rows, subject.t)
        complex_loss = OneLoss(network.loss, self.scores.astype(np.complex128), subject.t)
        loss = OneLoss(subject.engine.loss, self.scores, subject.t)
        plain, given = network.loss.unweighted, network.loss.targets_of(subject.t)
        for tensor, gradient, report in compare_stage(loss, self.options, complex_stage=complex_loss):
            where = f"the loss {name_of(network.loss)}: ∂cost/∂scores"
            yield where, Evidence(plain, tensor, gradient, report, rows, given)
        for index, layer in reversed(list(enumerate(network.layers))):
            stage = self.layers[index]
            for tensor, gradient, report in compare_stage(
                stage, self.options, complex_stage=self._complex_layer(index)
            ):
                yield self._place(index, tensor), Evidence(layer, tensor, gradient, report, rows, stage.upstream)

    def _complex_layer(self, index: int) -> OneLayer | None:
        """Return the layer in complex arrays if it has no parameters: f′ may be below the rounding errors of f."""
        if self.network.params.shapes[index]:
            return None
        layer, stage = self.network.layers[index], self.layers[index]
        return OneLayer(layer, stage.tensors[INPUTS].astype(np.complex128), {}, stage.upstream, seed=self.subject.seed)

    def _place(self, index: int, tensor: str) -> str:
        """Return the place of a layer's gradient, with layers numbered as in the names of parameters."""
        layer, shapes = self.network.layers[index], self.network.params.shapes
        number = sum(bool(shape) for shape in shapes[:index])
        if tensor != INPUTS:
            return f"layers.{number}.{tensor}"
        if isinstance(layer, Activation | Dropout):
            return f"{name_of(layer)} after layers.{max(0, number - 1)}: ∂h/∂z"
        return f"layers.{number}: the gradient for its inputs"


def name_of(layer: Layer | Loss) -> str:
    """Return a part's kind, or its class's name where it has none."""
    return str(getattr(layer, "kind", type(layer).__name__.lower()))


def explain(found: Evidence) -> tuple[str | None, str]:
    """Return the kind of bug that explains a wrong gradient, or None, and a description of the error."""
    for kind, bug in BUGS.items():
        sign = bug().seen_in(found)
        if sign is not None:
            return kind, sign
    return None, found.describe()
