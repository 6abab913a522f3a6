"""A run trained again in memory, from its first weights on the same batches. Writes nothing.

The figures of a replay are those of the run to the last bit on the machine that the run was trained on. Knows nothing
of pictures.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.data.known_part import TrainedOn
from nntrain.errors import DivergenceError
from nntrain.runs.assembly import prepare_run
from nntrain.runs.initial_weights import InitialWeights
from nntrain.runs.trained import Trained
from nntrain.spec import Loaded
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord


class Replay:
    """The training of a spec. ``diverged`` says why it did not reach its end; ``parent`` gives the first weights."""

    def __init__(self, loaded: Loaded, parent: Mapping[str, Any] | None = None) -> None:
        self.prepared = prepare_run(loaded, begun=True, surveyed=0)
        data = self.prepared.data
        self.loaded = loaded.settle(data.task, data.n_classes)
        self.network = self.prepared.job.network
        self.network.initialize(loaded.spec.seed)
        self.notes = list(InitialWeights.from_record(parent).copy_to(self.prepared)) if parent else []
        self.state = self.prepared.job.start()
        self.diverged = ""
        self.kept: EpochRecord | None = None

    def train(self, until: int | None = None, after_step: Callable[[], None] | None = None) -> Iterator[EpochRecord]:
        """Train and yield a record an epoch, up to the epoch ``until``; the network has the weights of that epoch.

        ``after_step`` is called after every step but the last of an epoch.
        """

        def goes_on() -> bool:
            if after_step is not None:
                after_step()
            return False

        try:
            for event in fit(self.prepared.job, self.state, interrupted=goes_on) if until != 0 else ():
                if isinstance(event, EpochRecord):
                    with self.state.as_result():
                        yield event
                    if event.epoch == until:
                        self.state.keep_result()
                        return
        except DivergenceError as error:
            self.diverged = str(error)

    def train_whole(self) -> list[EpochRecord]:
        """Train to the end; the network then has the weights that a run would keep. Return all records.

        ``kept`` is the record of the epoch of those weights, None where there are none but the first ones.
        """
        monitor, theta = self.prepared.kept_monitor, self.network.params.theta
        records, weights, best = [], theta.copy(), None
        for record in self.train():
            records.append(record)
            if monitor is None or monitor.improves(monitor.value(record), best):
                best = monitor.value(record) if monitor is not None else None
                self.kept = record
                np.copyto(weights, theta)
        np.copyto(theta, weights)
        return records

    def model(self, path: Path, epoch: int, step: int) -> Trained:
        """Return the network as it is now as a trained model of this epoch and step."""
        data, spec = self.prepared.data, self.loaded.spec
        trained_on = TrainedOn(data.fingerprint, spec.data, spec.data.seed_or(spec.seed), data.trained_rows)
        assembly = self.prepared.assembly
        return Trained(path, assembly, data.transform, data.targets, epoch, step, trained_on)
