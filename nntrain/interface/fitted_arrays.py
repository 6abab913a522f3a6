"""A network trained on arrays in memory, without files: its spec, parameters and scaler, as plain values to be copied.

Knows nothing of terminals or of who asks for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.transforms.encoder import Encoder
from nntrain.data.transforms.transform import Transform
from nntrain.ops.losses import Loss
from nntrain.runs.assembly import Assembly
from nntrain.runs.data_facts import Facts
from nntrain.runs.threads import keep_threads
from nntrain.spec import from_dict, resolve
from nntrain.train.evaluate import scores
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord
from nntrain.train.state import State

SOURCE = {"kind": "npz", "path": "arrays-in-memory.npz"}  # a spec names a source; this one is never read


@dataclass(frozen=True, eq=False)
class FittedArrays:
    """``spec`` as plain values; ``parameters`` by name; ``costs`` of the epochs."""

    spec: dict[str, Any]
    facts: Facts
    parameters: dict[str, Array]
    scaler: Mapping[str, Array]
    costs: Sequence[float]

    @classmethod
    def train(cls, values: Mapping[str, Any], overrides: Sequence[str], facts: Facts, part: Part) -> "FittedArrays":
        """Train what a spec says on a part with inputs as they are, and targets as the network takes them.

        Raises SpecError and DivergenceError.
        """
        data = {**values["data"], "source": SOURCE, **({} if part.weights is None else {"sample_weight": "w"})}
        spec = from_dict({**values, "data": data}, overrides).settle(facts.task, len(facts.class_names))
        transform = Transform.fit(part.X, spec.data.scale, Encoder.identity())
        part = replace(part, X=transform.apply(part.X, (), spec.train.dtype))
        with keep_threads():
            assembly = Assembly(spec, facts)
            job = assembly.job(part)
            assembly.network.initialize(spec.seed)
            state = State.start(assembly.network.params, job.optimizer)
            costs = [float(event.train["cost"]) for event in fit(job, state) if isinstance(event, EpochRecord)]
        params = assembly.network.params
        parameters = {name: view.copy() for name, view in params.named(params.theta)}
        return cls(resolve(spec), facts, parameters, transform.tensors(), costs)

    def scores(self, X: Array) -> tuple[Array, Loss]:
        """Return the scores (n, c) of X (n, d), and the loss that says what they mean."""
        with keep_threads():
            assembly = Assembly(from_dict(self.spec), self.facts)
            assembly.network.params.load(self.parameters)
            inputs = Transform.restore(self.scaler, None).apply(X, (), assembly.spec.train.dtype)
            return scores(assembly.network, inputs), assembly.loss
