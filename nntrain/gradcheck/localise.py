"""Where a wrong gradient comes from: every part is checked by itself, from the cost back to the inputs.

A mistake spoils all gradients below it, so that the gradients of the parameters alone do not tell its place. Each part
is therefore given the inputs that it has in the network and a gradient from above drawn at random, and what it hands
back is compared with differences of its own values.
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

PROBES = 64  # entries looked at of each tensor


@dataclass(frozen=True, slots=True)
class Finding:
    """One gradient that is wrong where it arises: the place in words, the cause, and the bug's name if it is known."""

    where: str
    report: Report
    cause: str
    bug: str | None


class Diagnosis:
    """All parts of a network, each by itself."""

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
        """Yield what is wrong, beginning at the cost; nothing where every part is right by itself."""
        for where, evidence in self._parts():
            if not evidence.report.agrees:
                bug, cause = explain(evidence)
                yield Finding(where, evidence.report, cause, bug)

    def _parts(self) -> Iterator[tuple[str, Evidence]]:
        """Yield the place of every gradient in words, and the gradient, from the cost back."""
        subject, network, rows = self.subject, self.network, len(self.subject.X)
        if subject.engine_penalty:
            w = network.params.theta[: network.params.n_weights]
            for tensor, gradient, report in compare_stage(OnePenalty(subject.engine_penalty, w), self.options):
                yield "the penalty", Evidence(subject.penalty, tensor, gradient, report, rows, subject.t)
        twin = OneLoss(network.loss, self.scores.astype(np.complex128), subject.t)
        loss = OneLoss(subject.engine.loss, self.scores, subject.t)
        for tensor, gradient, report in compare_stage(loss, self.options, twin=twin):
            where = f"the loss {name_of(network.loss)}: ∂cost/∂scores"
            yield where, Evidence(network.loss, tensor, gradient, report, rows, subject.t)
        for index, layer in reversed(list(enumerate(network.layers))):
            stage = self.layers[index]
            for tensor, gradient, report in compare_stage(stage, self.options, twin=self._twin(index)):
                yield self._place(index, tensor), Evidence(layer, tensor, gradient, report, rows, stage.upstream)

    def _twin(self, index: int) -> OneLayer | None:
        """Return the layer in complex numbers, where it has no parameters: f′ may be smaller than f is rounded."""
        if self.network.params.shapes[index]:
            return None
        layer, stage = self.network.layers[index], self.layers[index]
        return OneLayer(layer, stage.tensors[INPUTS].astype(np.complex128), {}, stage.upstream, seed=self.subject.seed)

    def _place(self, index: int, tensor: str) -> str:
        """Return where a layer's gradient is, counting layers with weights as the parameters' names do."""
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
    """Return the bug that a wrong gradient shows, None for one without a name, and what gives it away."""
    for kind, bug in BUGS.items():
        sign = bug().seen_in(found)
        if sign is not None:
            return kind, sign
    if not found.analytic.any():
        return None, "it is 0 everywhere: nothing is written, or nothing comes down"
    if not found.report.wrong:
        return None, f"few entries: none of the {found.report.n_entries} looked at, but a random direction through all"
    if found.ratio is not None:
        return None, f"every entry is {found.ratio:.6g} times the derivative: a constant factor"
    wrong, looked_at, ratios = len(found.report.wrong), len(found.report.entries), found.ratios
    if not ratios.size:
        return None, f"{wrong} of {looked_at} entries are wrong"
    return None, (
        f"{wrong} of {looked_at} entries are wrong, {ratios.min():.4g} to {ratios.max():.4g} times the derivative"
    )
