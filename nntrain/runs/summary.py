"""The final figures of a run: the kept weights, scored on every part of the data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nntrain.artifacts.rundir import RunDir
from nntrain.runs.assembly import Prepared
from nntrain.runs.baselines import baselines
from nntrain.runs.optimum import certificate
from nntrain.runs.part_figures import figures_of
from nntrain.train.health import Health
from nntrain.train.state import State

BEST = ("monitor", "value", "epoch", "step")


def sum_up(
    prepared: Prepared,
    state: State,
    *,
    directory: RunDir,
    best: Mapping[str, Any] | None,
    records: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Score the checkpoint of the best epoch, or else of the last step, as it is on disk.

    The parameters of the run are not changed. ``records`` are those of all epochs. Paths in the summary are relative to
    the run directory.
    """
    spec, data = prepared.assembly.spec, prepared.data
    kept = best["step"] if best else state.step
    stored = directory.load_checkpoint(kept)
    params = prepared.job.network.params
    last = params.theta.copy()
    params.load(stored.tensors)
    everything = {"train": data.train, "validation": data.validation, "test": data.test}
    parts = {name: part for name, part in everything.items() if part is not None}
    figures = {name: figures_of(prepared.assembly, data.targets, part) for name, part in parts.items()}
    least = baselines(prepared.assembly, parts, figures)
    nearness = {"optimum": certificate(prepared.job, state)} if prepared.job.optimizer.searches else {}
    probe, network = prepared.job.probe, prepared.job.network
    layers = Health(network, probe.X, probe.t).measure() if probe is not None else None
    np.copyto(params.theta, last)
    return {
        "name": spec.name,
        "seed": spec.seed,
        "stopped": state.stopped,
        "epochs": state.epochs,
        "steps": state.step,
        "seconds": state.elapsed + state.seconds,  # the latter where training ended within an epoch
        "examples_per_second": _speed(records),
        "parameters": params.size,
        "checkpoint": str(directory.checkpoint_path(kept).relative_to(directory.path)),
        "epoch": stored.meta["epoch"],
        "best": best and {name: best[name] for name in BEST},  # in one order, however often the run was resumed
        **figures,
        **nearness,
        "baselines": least,
        "layers": layers,
    }


def _speed(records: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the examples trained on per second over all epochs."""
    seconds = sum(record["seconds"] for record in records)
    examples = sum(record["examples_per_second"] * record["seconds"] for record in records)
    return examples / seconds if seconds else None
