"""Runs held against one: what differs in spec, data and environment, in which epoch they part, which bits they share.

The first run is the one that the others are held against. Reads records and checkpoints; trains nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from nntrain.artifacts import strict_json
from nntrain.artifacts.rundir import RunDir
from nntrain.comparison.run_record import RunRecord
from nntrain.comparison.run_table import differing_keys
from nntrain.core.machine import changes
from nntrain.train.history import flatten
from nntrain.verification.trials import TIMES, digests

# The order in which a run uses its settings: the first that differs is where two runs can part at the earliest.
ORDER = (
    *("data", "seed", "model", "loss", "penalty", "optimizer", "schedule"),
    *("train", "parallel", "runtime", "checkpoint"),
)


@dataclass(frozen=True, slots=True)
class Parting:
    """The first epoch in which two runs differ, and a figure of it in both; or ``epochs``, how many each has."""

    epoch: int
    figure: str
    values: tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A run held against another: the keys that differ in the order of use, and differences of data and environment.

    ``parting`` is None for runs with the same figures in every epoch; ``same_weights`` tells whether the newest
    checkpoints are equal in every bit of every tensor, None where one of the two has none.
    """

    keys: Sequence[str]
    same_data: bool
    environment: Sequence[str]
    parting: Parting | None
    epochs: int
    same_weights: bool | None

    @property
    def same_bits(self) -> bool:
        """Whether the runs share all figures and all weights."""
        return self.parting is None and self.same_weights is True

    @property
    def causes(self) -> list[str]:
        """What can have made the runs part, the earliest first: data, keys, and where these agree the environment."""
        found = list(self.keys)
        if not self.same_data and not any(key.startswith("data.") or key == "seed" for key in found):
            found.insert(0, "the contents of the data")
        return found or [line.partition(":")[0] for line in self.environment]


def hold_against(first: RunRecord, other: RunRecord) -> Contrast:
    """Return what sets a run apart from the first one. CheckpointError for damaged metrics."""
    records = [RunDir(run.path).read_metrics() for run in (first, other)]
    fingerprints = [run.data.get("fingerprint") for run in (first, other)]
    return Contrast(
        keys=in_order_of_use(keys_that_part(first, other)),
        same_data=fingerprints[0] == fingerprints[1],
        environment=changes(first.environment, other.environment),
        parting=_parting(*records),
        epochs=min(map(len, records)),
        same_weights=_same_weights(first, other),
    )


def keys_that_part(first: RunRecord, other: RunRecord) -> list[str]:
    """Return the keys that differ, or that only one of two runs has while no kind above it differs."""
    both = differing_keys([first, other])
    kinds = {key.removesuffix(".kind") for key in both if key.endswith(".kind")}
    alone = [key for key in {**first.spec, **other.spec} if (key in first.spec) != (key in other.spec)]
    return both + [key for key in alone if not any(key == kind or key.startswith(f"{kind}.") for kind in kinds)]


def in_order_of_use(keys: Sequence[str]) -> list[str]:
    """Return keys in the order in which a run uses what they set."""
    place = {name: index for index, name in enumerate(ORDER)}
    return sorted(keys, key=lambda key: place.get(key.partition(".")[0], len(ORDER)))


def _parting(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> Parting | None:
    for epoch, (a, b) in enumerate(zip_longest(one, other), start=1):
        if a is None or b is None:
            return Parting(epoch, "epochs", (len(one), len(other)))
        here, there = (_figures(record) for record in (a, b))
        for name in dict.fromkeys([*here, *there]):
            if here.get(name) != there.get(name):
                return Parting(epoch, name, (here.get(name), there.get(name)))
    return None


def _figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of an epoch that do not tell times, those of the training first."""
    found = {name: value for name, value in flatten(strict_json.plain(record)) if name not in TIMES}
    return {name: found[name] for name in sorted(found, key=lambda name: not name.startswith("train."))}


def _same_weights(one: RunRecord, other: RunRecord) -> bool | None:
    found = [RunDir(run.path).latest() for run in (one, other)]
    tensors = [digests(item.checkpoint.tensors) for item in found if item is not None]
    return tensors[0] == tensors[1] if len(tensors) == 2 else None
