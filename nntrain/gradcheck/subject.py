"""The subject of a check: a network with its parameters and a few examples, always in float64.

Knows nothing of how gradients are compared.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np

from nntrain.core.distinct import choose_evenly
from nntrain.core.types import Array, DType
from nntrain.data.dataset import Part
from nntrain.errors import SpecError
from nntrain.gradcheck.bugs.base import Bug, plant_bug
from nntrain.gradcheck.bugs.catalogue import BUGS
from nntrain.gradcheck.stages import WholeNetwork
from nntrain.network import Network
from nntrain.ops.penalties import Penalty
from nntrain.runs.assembly import Assembly, prepare_run
from nntrain.runs.trained import open_model
from nntrain.spec import Loaded
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord


@dataclass(frozen=True)
class Subject:
    """A network with its parameters, examples X (n, d), t (n, c), and the penalty; ``bug`` is planted in the engine.

    ``network`` and ``penalty`` are correct; the gradients that are checked are those of ``engine``.
    """

    network: Network
    penalty: Penalty
    X: Array
    t: Array
    seed: int = 0
    bug: Bug | None = None
    name: str = ""
    epoch: int = 0  # epochs that the network was trained for
    notes: tuple[str, ...] = ()  # lines to show to the user

    @cached_property
    def engine(self) -> Network:
        """The network whose gradients are checked, with the bug in it if there is one."""
        return self.network if self.bug is None else plant_bug(self.bug, self.network)

    @cached_property
    def engine_penalty(self) -> Penalty:
        """The penalty whose gradient is checked."""
        return self.penalty if self.bug is None else self.bug.penalty(self.penalty)

    @cached_property
    def whole(self) -> WholeNetwork:
        """The cost as a function of the engine's parameters."""
        return WholeNetwork(self.engine, self.X, self.t, seed=self.seed)

    @cached_property
    def complex_whole(self) -> WholeNetwork:
        """The cost in complex numbers of the network without the bug."""
        kind = cast(DType, "complex128")  # a type that specs do not allow
        network = Network(self.network.layers, self.network.loss, n_in=self.network.n_in, dtype=kind)
        network.params.theta[:] = self.network.params.theta
        return WholeNetwork(network, self.X, self.t, seed=self.seed)


def of_spec(loaded: Loaded, *, batch: int, after: int = 0) -> Subject:
    """Return the network of a spec, initialised and trained for ``after`` epochs, with ``batch`` rows of its data."""
    ready = prepare_run(loaded, surveyed=0)
    network, job = ready.assembly.network, ready.job
    network.initialize(loaded.spec.seed)
    if after:
        job = replace(job, training=replace(job.training, epochs=max(after, job.training.epochs)))
        events = fit(job, job.start())
        for _ in islice((event for event in events if isinstance(event, EpochRecord)), after):
            pass
    return replace(_subject(ready.assembly, ready.data.train, batch, after), notes=tuple(ready.data.notes))


def of_checkpoint(path: Path, overrides: list[str], *, batch: int) -> Subject:
    """Return the network of a checkpoint, or of a run's best one, with ``batch`` rows of its training data."""
    model = open_model(path, overrides)
    scored = model.part("train")
    return replace(_subject(model.assembly, scored.part, batch, model.epoch), notes=(*model.notes, *scored.notes))


def with_bug(subject: Subject, kind: str) -> Subject:
    """Return the subject with the bug of this kind planted in it; SpecError if that changes no gradient."""
    planted = replace(subject, bug=BUGS[kind]())
    before, after = subject.whole.gradients(), planted.whole.gradients()
    same = all(np.array_equal(before[name], after[name]) for name in before)
    if same and (type(planted.engine_penalty) is type(subject.penalty) or not subject.penalty):
        raise SpecError(f"--inject {kind}: it changes no gradient here; it needs {BUGS[kind].needs}")
    return planted


def _subject(assembly: Assembly, part: Part, batch: int, epoch: int) -> Subject:
    """Return the assembled network and ``batch`` rows, evenly spread over the part, in float64."""
    spec = assembly.spec
    exact = Assembly(replace(spec, train=replace(spec.train, dtype="float64", batch_size=batch)), assembly.facts)
    exact.network.params.theta[:] = assembly.network.params.theta
    rows = part.take(choose_evenly(len(part), batch))
    y = rows.y if rows.y.ndim == 1 else rows.y.astype(np.float64)
    few = Part(rows.array.astype(np.float64), y, weights=rows.weights)
    return Subject(
        exact.network, spec.penalty, few.array, exact.targets(few)[0], spec.seed, name=spec.name, epoch=epoch
    )
